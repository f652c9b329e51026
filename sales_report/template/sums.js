// Filters the sums of the page, and adds them up.

const contents = JSON.parse(document.getElementById("contents").textContent);
const filters = document.getElementById("filters");

// Rows are lists in the file, to keep it small.
function unpacked({ columns, rows }) {
  return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
}

const rotten = unpacked(contents.rotten);
const rowsOf = Object.fromEntries(
  Object.entries(contents.sums).map(([name, packed]) => [name, unpacked(packed)]),
);

function unitName(unit) {
  return contents.units[unit] || "No currency";
}

// ---- what the reader chose

function option(value, text) {
  return Object.assign(document.createElement("option"), { value, textContent: text });
}

function offer(name, texts, all) {
  filters.elements[name].append(
    ...(all ? [option("", all)] : []),
    ...texts.map((text, at) => option(at, text)),
  );
}

offer("pipeline", contents.pipelines, "All pipelines");
offer("owner", contents.owners, "All owners");
offer(
  "period",
  contents.periods.map((period) => period.label),
);
offer("unit", positionsOf(contents.units).map(unitName));

function selection() {
  const chosen = (name) =>
    filters.elements[name].value === "" ? null : Number(filters.elements[name].value);
  const period = contents.periods[chosen("period")];
  return { pipeline: chosen("pipeline"), owner: chosen("owner"), unit: chosen("unit") ?? 0, ...period };
}

// Whether a row is part of the selection. A row without a pipeline or month is part of all of them.
function isChosen(row, chosen) {
  return (
    (chosen.pipeline === null || row.pipeline === undefined || row.pipeline === chosen.pipeline) &&
    (chosen.owner === null || row.owner === chosen.owner) &&
    (row.month === undefined || (row.month >= chosen.first && row.month <= chosen.last))
  );
}

// The chosen rows of a query. Amounts in other currencies count as zero.
function chosenRows(name, chosen) {
  const zero = Object.fromEntries(contents.sums[name].amounts.map((amount) => [amount, 0]));
  return rowsOf[name]
    .filter((row) => isChosen(row, chosen))
    .map((row) => (row.unit === undefined || row.unit === chosen.unit ? row : { ...row, ...zero }));
}

// ---- sums, and rates of sums

const share = (part, whole) => (whole ? part / whole : null);

// Adds up the numbers of rows.
function total(rows, numbers) {
  return Object.fromEntries(
    numbers.map((number) => [number, rows.reduce((sum, row) => sum + row[number], 0)]),
  );
}

// The sums of a query.
function sumOf(name, chosen) {
  return total(chosenRows(name, chosen), contents.sums[name].numbers);
}

// The sums of a query for each position of a dimension.
function sumsBy(dimension, positions, name, chosen) {
  const groups = new Map(positions.map((position) => [position, []]));
  for (const row of chosenRows(name, chosen)) groups.get(row[dimension])?.push(row);
  return positions.map((position) => total(groups.get(position), contents.sums[name].numbers));
}

function positionsOf(labels) {
  return [...labels.keys()];
}
const range = (first, last) => Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  if (!sorted.length) return null;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// The median days to win of the won deals that the reader chose, and that `matches`.
function cycle(chosen, matches = () => true) {
  const days = contents.cycles
    .filter(
      ([pipeline, owner, month]) => isChosen({ pipeline, owner, month }, chosen) && matches({ owner, month }),
    )
    .flatMap(([, , , values]) => values);
  return median(days);
}

function outcomes(sums, days) {
  return { ...sums, win_rate: share(sums.won, sums.won + sums.lost), cycle: days };
}

function leads(label, sums) {
  const all = sums.converted + sums.still_open + sums.archived;
  return { label, ...sums, leads: all, conversion: share(sums.converted, all) };
}

// ---- the rows of each chart and table

// The sums of a query for each stage of the chosen pipelines.
function byStage(name, chosen) {
  const isNamed = chosen.pipeline === null && contents.pipelines.length > 1;
  const stages = positionsOf(contents.stages).filter(
    (stage) => chosen.pipeline === null || contents.stages[stage].pipeline === chosen.pipeline,
  );
  return sumsBy("stage", stages, name, chosen).map((sums, at) => {
    const { pipeline, name: stage } = contents.stages[stages[at]];
    return { label: isNamed ? `${contents.pipelines[pipeline]}: ${stage}` : stage, ...sums };
  });
}

// The same for each month of the chosen period.
function byMonth(name, chosen) {
  const months = range(chosen.first, chosen.last);
  return sumsBy("month", months, name, chosen).map((sums, at) => [months[at], sums]);
}

const sections = {
  stages: (chosen) => byStage("open_stages", chosen),

  funnel: (chosen) =>
    byStage("funnel", chosen).map((row) => ({
      ...row,
      conversion: share(row.advanced, row.entered),
      win_rate: share(row.won, row.entered),
      days: share(row.advance_days, row.advances),
    })),

  outcomes: (chosen) =>
    byMonth("closed", chosen).map(([month, sums]) => {
      const days = cycle(chosen, (won) => won.month === month);
      return { label: contents.months[month], ...outcomes(sums, days) };
    }),

  forecast(chosen) {
    const sums = sumsBy("due", positionsOf(contents.due), "open_months", chosen);
    const rows = sums.map((row, due) => ({ label: contents.due[due], ...row }));
    // months in which nothing closes any more would only make the others narrow
    const last = rows.findLastIndex((row, due) => row.deals && due <= contents.due.indexOf("Later"));
    return rows.filter((row, due) => due <= Math.max(last, 3) || row.deals);
  },

  owners(chosen) {
    const owners = positionsOf(contents.owners);
    const [closed, open, activities] = ["closed", "open_stages", "activities"].map((name) =>
      sumsBy("owner", owners, name, chosen),
    );
    return owners
      .map((owner) => ({
        label: contents.owners[owner],
        ...open[owner],
        ...activities[owner],
        ...outcomes(
          closed[owner],
          cycle(chosen, (won) => won.owner === owner),
        ),
      }))
      .filter((row) => row.won + row.lost + row.deals + row.activities)
      .sort((one, other) => other.won_value - one.won_value || other.weighted - one.weighted);
  },

  // One row per owner, with a column per month.
  activities(chosen) {
    const owners = positionsOf(contents.owners).filter((owner) => [null, owner].includes(chosen.owner));
    return owners
      .map((owner) => {
        const months = byMonth("activities", { ...chosen, owner });
        const cells = months.map(([month, { activities }]) => [contents.months[month], activities]);
        const all = sumOf("activities", { ...chosen, owner });
        return { label: contents.owners[owner], ...Object.fromEntries(cells), ...all };
      })
      .filter((row) => row.activities)
      .sort((one, other) => other.activities - one.activities);
  },

  leads: (chosen) => byMonth("leads", chosen).map(([month, sums]) => leads(contents.months[month], sums)),

  sources: (chosen) =>
    sumsBy("source", positionsOf(contents.sources), "leads", chosen)
      .map((sums, source) => leads(contents.sources[source] || "Unknown", sums))
      .filter((row) => row.leads),

  currencies: (chosen) => {
    const units = positionsOf(contents.units);
    return units.map((unit) => {
      const [open, closed] = ["open_stages", "closed"].map(
        (name) => sumsBy("unit", units, name, { ...chosen, unit })[unit],
      );
      return { label: unitName(unit), currency: contents.units[unit], ...open, ...closed };
    });
  },

  rotten(chosen) {
    return rotten
      .filter((deal) => isChosen(deal, chosen))
      .sort(
        (one, other) =>
          (other.value_converted ?? -1) - (one.value_converted ?? -1) || other.value - one.value,
      )
      .slice(0, contents.rotten_shown)
      .map((deal) => ({
        ...deal,
        label: deal.title,
        owner: contents.owners[deal.owner],
        stage: `${contents.pipelines[deal.pipeline]}: ${contents.stages[deal.stage].name}`,
        next: deal.next_activity
          ? `${deal.next_activity}, ${dueText(deal.next_activity_day)}`
          : "None planned",
      }));
  },
};

function dueText(day) {
  if (!day) return "no date";
  return day < contents.today ? `overdue since ${day}` : day;
}

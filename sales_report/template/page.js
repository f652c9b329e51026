// Shows sums as headlines, charts, and tables.

// ---- numbers as text

const numbers = (options) => new Intl.NumberFormat("en-US", options);
const WHOLE = numbers({ maximumFractionDigits: 0 });

function amount(value, currency, options = { maximumFractionDigits: 0 }) {
  try {
    return numbers({ style: "currency", currency, ...options }).format(value);
  } catch {
    // Pipedrive allows currencies of one's own, whose codes Intl may refuse
    return `${currency} ${WHOLE.format(value)}`.trim();
  }
}

const FORMATS = {
  text: (value) => value ?? "",
  count: (value) => WHOLE.format(value),
  amount: (value, currency) => amount(value, currency),
  converted: (value) => amount(value, contents.units[0]),
  short: (value, currency) =>
    Math.abs(value) < 100_000
      ? amount(value, currency)
      : amount(value, currency, { notation: "compact", maximumSignificantDigits: 3 }),
  share: (value) =>
    numbers({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value),
  days: (value) => `${numbers({ maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} d`,
};

function format(kind, value, currency) {
  return value === null || value === undefined ? "–" : FORMATS[kind](value, currency);
}

// ---- tables: field, title, and kind of each column

const OUTCOMES = [
  ["won", "Won", "count"],
  ["lost", "Lost", "count"],
  ["win_rate", "Win rate", "share"],
  ["cycle", "Sales cycle", "days"],
  ["won_value", "Won value", "amount"],
  ["lost_value", "Lost value", "amount"],
];
const OPEN = [
  ["deals", "Open deals", "count"],
  ["value", "Open value", "amount"],
  ["weighted", "Weighted", "amount"],
];
const LEADS = [
  ["leads", "Leads", "count"],
  ["converted", "Converted", "count"],
  ["still_open", "Open", "count"],
  ["archived", "Archived", "count"],
  ["conversion", "Conversion", "share"],
];
const COLUMNS = {
  stages: [["label", "Stage", "text"], ...OPEN, ["rotten", "Rotten", "count"]],
  funnel: [
    ["label", "Stage", "text"],
    ["entered", "Entered", "count"],
    ["advanced", "Advanced or won", "count"],
    ["conversion", "Conversion", "share"],
    ["days", "Mean time to advance", "days"],
    ["still_open", "Still open", "count"],
    ["lost", "Lost", "count"],
    ["win_rate", "Won in the end", "share"],
  ],
  outcomes: [["label", "Month", "text"], ...OUTCOMES],
  forecast: [
    ["label", "Expected close", "text"],
    ...OPEN,
    ["historic", "Weighted by past conversion", "amount"],
  ],
  owners: [
    ["label", "Owner", "text"],
    ...OUTCOMES.slice(0, -1),
    ...OPEN,
    ["activities", "Activities", "count"],
  ],
  activities: [["label", "Owner", "text"]],
  leads: [["label", "Month", "text"], ...LEADS],
  sources: [["label", "Source", "text"], ...LEADS.slice(0, -1)],
  currencies: [
    ["label", "Currency", "text"],
    ...OPEN,
    ["won", "Won", "count"],
    ["won_value", "Won value", "amount"],
  ],
  rotten: [
    ["label", "Deal", "text"],
    ["organization", "Organization", "text"],
    ["owner", "Owner", "text"],
    ["stage", "Stage", "text"],
    ["value", "Value", "amount"],
    ["value_converted", "Converted", "converted"],
    ["days_in_stage", "In stage", "days"],
    ["days_idle", "Untouched", "days"],
    ["next", "Next activity", "text"],
  ],
};

const TOTALED = new Set(["stages", "outcomes", "forecast", "owners", "activities", "leads", "sources"]);

function cell(tag, kind, text) {
  const element = Object.assign(document.createElement(tag), { textContent: text });
  if (kind !== "text") element.className = "number";
  return element;
}

function fillTable(name, rows, columns, currency) {
  const table = document.getElementById(`table-${name}`);
  if (!table) return;
  const head = document.createElement("tr");
  for (const [, title, kind] of columns) {
    head.append(Object.assign(cell("th", kind, title), { scope: "col" }));
  }
  const lines = rows.map((row) => {
    const line = document.createElement("tr");
    columns.forEach(([field, , kind], at) => {
      const text = format(kind, row[field], row.currency ?? currency);
      line.append(at ? cell("td", kind, text) : Object.assign(cell("th", kind, text), { scope: "row" }));
    });
    return line;
  });
  const [header, body, footer] = ["thead", "tbody", "tfoot"].map((tag) => document.createElement(tag));
  header.append(head);
  body.append(...lines);
  if (TOTALED.has(name) && rows.length > 1) footer.append(totalLine(rows, columns, currency));
  table.replaceChildren(header, body, footer);
}

// Rates, days, and medians have no sum.
function totalLine(rows, columns, currency) {
  const line = document.createElement("tr");
  for (const [field, , kind] of columns) {
    const isSummed = kind === "count" || kind === "amount";
    const text = isSummed ? format(kind, total(rows, [field])[field], currency) : "";
    line.append(cell("td", kind, text));
  }
  line.firstChild.replaceWith(Object.assign(cell("th", "text", "Total"), { scope: "row" }));
  return line;
}

// ---- charts

const views = new Map();

const OWNERS_IN_CHARTS = 25;

// The section of each chart, and the fields that it shows.
const CHARTS = {
  stages: ["stages", "value", "weighted"],
  funnel: ["funnel", "entered"],
  win_rate: ["outcomes", "win_rate"],
  cycle: ["outcomes", "cycle"],
  won: ["outcomes", "won_value"],
  forecast: ["forecast", "weighted", "historic"],
  owners: ["owners", "won_value", "weighted"],
  activities: ["activities", "activities"],
  leads: ["leads", "leads"],
};

async function draw(name, rows, fields, unit) {
  const place = document.getElementById(`chart-${name}`);
  if (!place) return;
  views.get(name)?.finalize();
  views.delete(name);
  // zero is a rate worth showing, but no amount
  const isShown = (value) => value || (value === 0 && name === "win_rate");
  if (!rows.some((row) => fields.some((field) => isShown(row[field])))) {
    for (const attribute of ["role", "aria-label", "aria-roledescription"]) place.removeAttribute(attribute);
    place.textContent = "Nothing in this selection.";
    return;
  }
  const spec = JSON.parse(
    JSON.stringify(contents.charts[name]).replaceAll("{unit}", JSON.stringify(unit).slice(1, -1)),
  );
  spec.config.axis.labelLimit = Math.max(90, place.clientWidth * 0.25);
  if (place.clientWidth < 400) spec.config.legend.columns = 1;
  // Vega-Lite warns of rows with a fixed height in a chart that fits the width, so the sum is computed here
  if (spec.height.step) {
    const labels = new Set(rows.map((row) => row.owner ?? row.label)).size;
    // on a phone, labels have two lines
    spec.height = labels * spec.height.step * (place.clientWidth < 400 ? 1.3 : 1);
  }
  const options = { actions: false, renderer: "svg" };
  views.set(name, await vegaEmbed(place, { ...spec, data: { values: rows } }, options));
}

// ---- the page

function headlines(chosen) {
  const unit = contents.units[chosen.unit] ?? "";
  const open = sumOf("open_stages", chosen);
  const closed = outcomes(sumOf("closed", chosen), cycle(chosen));
  const length = chosen.last - chosen.first + 1;
  const before = { ...chosen, first: chosen.first - length, last: chosen.first - 1 };
  const earlier = before.first < 0 ? null : outcomes(sumOf("closed", before), cycle(before));
  const compared = (kind, value) => (earlier ? `; previous period: ${format(kind, value, unit)}` : "");
  return [
    ["Open pipeline", format("short", open.value, unit), `${format("count", open.deals)} deals now`],
    ["Weighted pipeline", format("short", open.weighted, unit), "by chance to win, now"],
    [
      "Won",
      format("short", closed.won_value, unit),
      `${format("count", closed.won)} deals${compared("short", earlier?.won_value)}`,
    ],
    [
      "Win rate",
      format("share", closed.win_rate),
      `${format("count", closed.won)} of ${format("count", closed.won + closed.lost)} closed${compared("share", earlier?.win_rate)}`,
    ],
    [
      "Sales cycle",
      format("days", closed.cycle),
      `median, creation to won${compared("days", earlier?.cycle)}`,
    ],
  ];
}

function fillHeadlines(chosen) {
  const groups = headlines(chosen).map(([title, value, note]) => {
    const group = document.createElement("div");
    const dt = Object.assign(document.createElement("dt"), { textContent: title });
    const dd = Object.assign(document.createElement("dd"), { textContent: value });
    const more = Object.assign(document.createElement("dd"), { textContent: note, className: "muted" });
    group.append(dt, dd, more);
    return group;
  });
  document.getElementById("headlines").replaceChildren(...groups);
}

function say(id, text) {
  document.getElementById(id).textContent = text;
}

function notes(chosen, rows) {
  const period =
    chosen.first === chosen.last
      ? contents.months[chosen.first]
      : `${contents.months[chosen.first]} to ${contents.months[chosen.last]}`;
  const pipeline = contents.pipelines[chosen.pipeline] ?? "all pipelines";
  const owner = contents.owners[chosen.owner] ?? "all owners";
  const amounts = contents.units.length ? `, amounts in ${unitName(chosen.unit)}` : "";
  say("selection", `Shown: ${pipeline}, ${owner}, ${period}${amounts}.`);
  const open = sumOf("open_stages", chosen);
  const shown = open.rotten > rows.rotten.length ? `, of which ${rows.rotten.length} are shown` : "";
  const worth = format("amount", open.rotten_value, contents.units[chosen.unit] ?? "");
  say("note-rotten", `${WHOLE.format(open.rotten)} deals${shown}, together worth ${worth}.`);
  say(
    "note-activities",
    chosen.pipeline === null ? "" : "Activities without a deal belong to no pipeline, so they are left out.",
  );
  const cut = (owners) =>
    owners.length > OWNERS_IN_CHARTS
      ? `The chart shows ${OWNERS_IN_CHARTS} of ${owners.length} owners, the table all.`
      : "";
  say("note-owners", cut(rows.owners));
  say("note-cells", cut(rows.activities));
  for (const place of document.querySelectorAll(".unit"))
    place.textContent = contents.units[chosen.unit] ?? "";
}

async function show() {
  const chosen = selection();
  const unit = contents.units[chosen.unit] ?? "";
  const months = range(chosen.first, chosen.last).map((month) => contents.months[month]);
  const rows = Object.fromEntries(Object.entries(sections).map(([name, section]) => [name, section(chosen)]));
  fillHeadlines(chosen);
  notes(chosen, rows);
  const byMonth = months.map((month) => [month, month, "count"]);
  const isMixed = rows.rotten.some((deal) => deal.currency !== contents.units[0]);
  const columns = {
    ...COLUMNS,
    activities: [...COLUMNS.activities, ...byMonth, ["activities", "Sum", "count"]],
    rotten: COLUMNS.rotten.filter(([field]) => field !== "value_converted" || isMixed),
  };
  for (const name of Object.keys(sections)) fillTable(name, rows[name], columns[name], unit);
  // in the charts, owners have less room, and each cell of the heat map is a row
  const charted = {
    ...rows,
    owners: rows.owners.slice(0, OWNERS_IN_CHARTS),
    activities: rows.activities
      .slice(0, OWNERS_IN_CHARTS)
      .flatMap((row) => months.map((month) => ({ owner: row.label, label: month, activities: row[month] }))),
  };
  await Promise.all(
    Object.entries(CHARTS).map(([name, [section, ...fields]]) => draw(name, charted[section], fields, unit)),
  );
  document.body.dataset.shown = JSON.stringify(chosen);
}

document.getElementById("currency").hidden = contents.units.length < 2;
document.getElementById("currencies").hidden = contents.units.length < 2;
document.getElementById("tables").addEventListener("click", () => {
  for (const table of document.querySelectorAll("details")) table.open = true;
});
filters.addEventListener("change", show);
await show();

"""Words for realistic rows: drawn from Faker once, then picked from lists, which is faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from faker import Faker

if TYPE_CHECKING:
    from pipedrive_sandbox.data.random_source import RandomSource

_LOCALES: Final = ("en_US", "de_DE", "fr_FR", "pl_PL", "ja_JP", "uk_UA")
_POOL: Final = 240
_LONG_TEXT: Final = 9_000


class Vocabulary:
    """Pools of names, places and texts in several languages and scripts."""

    def __init__(self, rng: RandomSource) -> None:
        """Draw every pool."""
        fakers = [Faker(locale) for locale in _LOCALES]
        for faker in fakers:
            faker.seed_instance(rng.getrandbits(32))

        def pool(provider: str, **options: Any) -> list[str]:
            share = _POOL // len(fakers)
            return [
                str(getattr(faker, provider)(**options)) for faker in fakers for _ in range(share)
            ]

        english = fakers[0]
        self.first_names = pool("first_name")
        self.last_names = pool("last_name")
        self.companies = pool("company")
        self.streets = pool("street_name")
        self.cities = pool("city")
        self.jobs = [english.job() for _ in range(_POOL)]
        self.phrases = [english.bs() for _ in range(_POOL)]
        self.sentences = pool("sentence")
        self.paragraphs = [faker.paragraph(6) for faker in fakers for _ in range(10)]
        self.long_text = "\n".join(english.paragraphs(60))[:_LONG_TEXT]
        self.countries = [english.country() for _ in range(_POOL)]
        self.domains = [f"{english.domain_word()}.example" for _ in range(_POOL)]

    def person(self, rng: RandomSource) -> tuple[str, str]:
        """Draw a first and a last name."""
        return rng.pick(self.first_names), rng.pick(self.last_names)

    def phone(self, rng: RandomSource) -> str:
        """Draw a telephone number."""
        return f"+372{rng.randrange(10**6, 10**8)}"

    def address(self, rng: RandomSource) -> dict[str, Any]:
        """Draw a postal address in parts; several parts may be null, as geocoding leaves them."""
        number, street = str(rng.randrange(1, 300)), rng.pick(self.streets)
        city, country = rng.pick(self.cities), rng.pick(self.countries)
        postal_code = f"{rng.randrange(10_000, 99_999)}"
        return {
            "value": f"{street} {number}, {postal_code} {city}, {country}",
            "country": country,
            "admin_area_level_1": rng.pick((None, "Harju maakond", "CA")),
            "admin_area_level_2": None,
            "locality": city,
            "sublocality": rng.pick((None, "Kesklinn")),
            "route": street,
            "street_number": number,
            "subpremise": rng.pick((None, "12A")),
            "postal_code": postal_code,
        }

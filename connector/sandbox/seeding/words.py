"""Invented names, companies and texts. Phones are from ranges reserved for fiction, domains from those for examples."""

from __future__ import annotations

# (language, first names, last names)
PEOPLE: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "pl",
        (
            "Zofia",
            "Łukasz",
            "Małgorzata",
            "Grzegorz",
            "Wanda",
            "Ścibor",
            "Jagna",
            "Bożydar",
            "Żaneta",
            "Przemysław",
        ),
        ("Brzęczyk", "Żółkiewicz", "Śliwowska", "Gżegżółka", "Wierzbiński", "Ćwikła", "Łabędź", "Dębogórska"),
    ),
    (
        "en",
        (
            "Ada",
            "Basil",
            "Clementine",
            "Dexter",
            "Edwina",
            "Fergus",
            "Gwendolyn",
            "Horace",
            "Imogen",
            "Jasper",
        ),
        (
            "Appleyard",
            "Bracegirdle",
            "Cobblepot",
            "Dunderdale",
            "Entwistle",
            "Fiddlewood",
            "Grimthorpe",
            "Hazelbrook",
        ),
    ),
    (
        "ru",
        ("Аглая", "Богдан", "Василиса", "Глеб", "Евдокия", "Захар", "Любава", "Мирон", "Оксана", "Тарас"),
        ("Берёзкин", "Ветров", "Горицвет", "Журавлёва", "Калиненко", "Лебедянский", "Овсянкина", "Яблоченко"),
    ),
    (
        "de",
        ("Anneliese", "Bärbel", "Christoph", "Dörte", "Eckhard", "Friederike", "Götz", "Hannelore"),
        (
            "Apfelbaum",
            "Blümchen",
            "Dünnebier",
            "Fröhlich-Süß",
            "Grünspan",
            "Höllerer",
            "Königsee",
            "Müßiggang",
        ),
    ),
)
COMPANIES: tuple[str, ...] = (
    "Pod Złotym Łososiem",
    "Meble Dębowe Wymyślone",
    "Piekarnia Cztery Ziarna",
    "Northwind Kettles",
    "Imaginary Anvils",
    "Blue Heron Bicycles",
    "Ромашка и партнёры",
    "Северный чайник",
    "Waldkauz Werkzeuge",
    "Träumerei Möbel",
    "Lantern & Loom",
    "Copper Otter Coffee",
    "Zielony Szlak",
    "Paper Moon Prints",
    "Желудь Логистик",
    "Gänseblümchen Gärten",
)
COMPANY_FORMS: tuple[str, ...] = ("sp. z o.o.", "Ltd", "ООО", "GmbH", "S.A.", "Inc.", "& Co.")
TOPICS: tuple[str, ...] = (
    "Website inquiry",
    "Zapytanie o cennik",
    "Запрос с выставки",
    "Call back request",
    "Oferta na 2027 rok",
    "Order of spare parts",
    "Нужна консультация",
    "Angebot für Büromöbel",
    "Trial of the service ✨",
    "Pilne: dostawa 🚚 do końca miesiąca",
    "Wedding catering 💐",
    "Partnership idea",
    "Subscription renewal",
    "Zgłoszenie z formularza",
)
COMMENTS: tuple[str, ...] = (
    "Asked for a discount, call back after the holidays.",
    "Prosi o kontakt e-mailem, najlepiej po 15:00 ☎️",
    "Просит прислать коммерческое предложение до пятницы.",
    "[B]Important:[/B] decides together with the board.\n\n[LIST]\n[*]delivery\n[*]warranty\n[/LIST]",
    'Kunde vergleicht drei Anbieter; Preis & "Qualität" wichtig <wirklich>.',
    "Met at the trade fair 🤝 — very interested.",
    "Has a similar product already, wants to see the difference.",
)
TIMELINE: tuple[str, ...] = (
    "Rozmawiałem z klientem, czeka na ofertę.",
    "Sent the price list.",
    "Клиент попросил перезвонить завтра 📞",
    "Budget confirmed, decision next week.",
    "Muster verschickt, Rückmeldung offen.",
)
PRODUCTS: tuple[tuple[str, float], ...] = (
    ("Kettle, copper, 2 l", 189.0),
    ("Krzesło dębowe", 349.99),
    ("Настольная лампа", 79.5),
    ("Delivery", 25.0),
    ("Consulting, hour", 240.0),
    ("Schrank „Waldkauz“", 1299.0),
    ("Subscription, year", 588.0),
    ("Zestaw startowy 🎁", 59.9),
)
CITIES: tuple[tuple[str, str, str, str], ...] = (
    ("ul. Zmyślona 12/4", "Kraków", "30-001", "Poland"),
    ("Fiction Street 221", "London", "ZZ1 1ZZ", "United Kingdom"),
    ("ул. Вымышленная, 7", "Алматы", "050000", "Kazakhstan"),
    ("Traumweg 3", "Musterstadt", "00000", "Germany"),
    ("al. Nieistniejąca 8", "Gdańsk", "80-001", "Poland"),
)
SUBJECTS = {
    "call": ("Outgoing call", "Rozmowa telefoniczna", "Звонок клиенту"),
    "email": ("Price list", "Re: Zapytanie ofertowe", "Коммерческое предложение"),
    "todo": ("Prepare the offer", "Oddzwonić do klienta", "Уточнить бюджет", "Send samples"),
    "meeting": ("Meeting at the office", "Spotkanie w showroomie", "Встреча"),
    "openline": ("Chat: live chat on the site", "Czat z Telegrama"),
}
UTM = (
    ("google", "cpc", "autumn_2026", "banner-1", "oak chairs"),
    ("facebook", "social", "wiosna", None, None),
    ("newsletter", "email", "october", "button", None),
)
DOMAINS = ("example.com", "example.org", "example.net")

"""Gleditsch–Ward codes of states, by the names that the United Nations give them."""

from __future__ import annotations

# States that have been elected to the Council.
ELECTED = {
    "Algeria": 615, "Angola": 540, "Argentina": 160, "Australia": 900, "Austria": 305,
    "Azerbaijan": 373, "Bahrain": 692, "Bangladesh": 771, "Belarus": 370, "Belgium": 211,
    "Benin": 434, "Bolivia": 145, "Bosnia and Herzegovina": 346, "Botswana": 571, "Brazil": 140,
    "Bulgaria": 355, "Burkina Faso": 439, "Burundi": 516, "Cabo Verde": 402, "Cameroon": 471,
    "Canada": 20, "Chad": 483, "Chile": 155, "Colombia": 100, "Congo": 484, "Costa Rica": 94,
    "Croatia": 344, "Cuba": 40, "Czech Republic": 316, "Czechoslovakia": 315,
    "Côte d'Ivoire": 437, "Democratic Republic of the Congo": 490, "Denmark": 390,
    "Djibouti": 522, "Dominican Republic": 42, "East Germany": 265, "Ecuador": 130, "Egypt": 651,
    "Equatorial Guinea": 411, "Ethiopia": 530, "Finland": 375, "Gabon": 481, "Gambia": 420,
    "Germany": 260, "Ghana": 452, "Greece": 350, "Guatemala": 90, "Guinea": 438,
    "Guinea-Bissau": 404, "Guyana": 110, "Honduras": 91, "Hungary": 310, "India": 750,
    "Indonesia": 850, "Iran (Islamic Republic of)": 630, "Iraq": 645, "Ireland": 205,
    "Italy": 325, "Jamaica": 51, "Japan": 740, "Jordan": 663, "Kazakhstan": 705, "Kenya": 501,
    "Kuwait": 690, "Lebanon": 660, "Liberia": 450, "Libyan Arab Jamahiriya": 620,
    "Lithuania": 368, "Luxembourg": 212, "Madagascar": 580, "Malaysia": 820, "Mali": 432,
    "Malta": 338, "Mauritania": 435, "Mauritius": 590, "Mexico": 70, "Morocco": 600,
    "Namibia": 565, "Nepal": 790, "Netherlands": 210, "New Zealand": 920, "Nicaragua": 93,
    "Niger": 436, "Nigeria": 475, "Norway": 385, "Oman": 698, "Pakistan": 770, "Panama": 95,
    "Paraguay": 150, "Peru": 135, "Philippines": 840, "Poland": 290, "Portugal": 235,
    "Qatar": 694, "Republic of Korea": 732, "Romania": 360, "Rwanda": 517, "Senegal": 433,
    "Sierra Leone": 451, "Singapore": 830, "Slovakia": 317, "Slovenia": 349, "Somalia": 520,
    "South Africa": 560, "Spain": 230, "Sri Lanka": 780, "Sudan": 625, "Sweden": 380,
    "Syrian Arab Republic": 652, "Thailand": 800, "Togo": 461, "Trinidad and Tobago": 52,
    "Tunisia": 616, "Turkey": 640, "Uganda": 500, "Ukraine": 369, "United Arab Emirates": 696,
    "United Arab Republic": 651, "United Republic of Tanzania": 510, "Uruguay": 165,
    "Venezuela (Bolivarian Republic of)": 101, "Viet Nam": 816, "Yemen": 678, "Yugoslavia": 345,
    "Zambia": 551, "Zimbabwe": 552,
}  # fmt: skip
# All others, and later names.
FURTHER = {
    "Albania": 339, "Armenia": 371, "Barbados": 53, "Bhutan": 760,
    "Bolivia (Plurinational State of)": 145, "Brunei Darussalam": 835, "Cambodia": 811,
    "Central African Republic": 482, "China": 710, "Cyprus": 352, "Czechia": 316,
    "Côte d’Ivoire": 437, "El Salvador": 92, "Estonia": 366, "Eswatini": 572, "Fiji": 950,
    "France": 220, "Georgia": 372, "Grenada": 55, "Iceland": 395, "Israel": 666,
    "Kyrgyzstan": 703, "Latvia": 367, "Lesotho": 570, "Libya": 620, "Malawi": 553,
    "Mongolia": 712, "Montenegro": 341, "Mozambique": 541, "Myanmar": 775,
    "North Macedonia": 343, "Palau": 986, "Papua New Guinea": 910, "Republic of Moldova": 359,
    "Russian Federation": 365, "Samoa": 990, "Serbia": 340, "Solomon Islands": 940,
    "Switzerland": 225, "Tajikistan": 702, "Timor-Leste": 860,
    "United Kingdom of Great Britain and Northern Ireland": 200, "United States of America": 2,
    "Vanuatu": 935,
}  # fmt: skip
GWNO = ELECTED | FURTHER

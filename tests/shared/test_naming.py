import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.fuzz import token_sort_ratio

from shared.naming.cells import MAX_LENGTH, Naming, find_agencies
from shared.naming.directory import AgencyNames, directory_of
from shared.text.folding import fold
from tests.support.names import AGENCIES, GROUPS, directory, rows

DATA = Path(__file__).parents[1] / "data"


SPOKEN = [
    (agency.code, name)
    for agency in AGENCIES
    if agency.level != "commune"
    for name in (agency.name, agency.short_name, *agency.aliases)
]


def read(text: str) -> Naming:
    return find_agencies(text, directory(), token_sort_ratio)


def brief(text: str) -> tuple[list[str], list[str], list[str]]:
    """Codes found, phrases left open, and names unknown with the first suggestion."""
    naming = read(text)
    found = [" ".join((m.kind, *m.codes)) if m.kind != "agency" else m.codes[0] for m in naming.found]
    unknown = [
        f"{u.text} -> {u.suggestions[0].code if u.suggestions else '?'} ({u.reason})" for u in naming.unknown
    ]
    return found, [phrase.text for phrase in naming.indefinite], unknown


def codes(text: str) -> list[str]:
    """Codes found when nothing else was said."""
    naming = read(text)
    assert not naming.unknown
    assert not naming.indefinite
    return [code for mention in naming.found for code in mention.codes]


UNIVERSITIES = (
    "Các trường đại học lớn (Đại học Quốc gia Hà Nội, Đại học Quốc gia Thành phố Hồ Chí Minh, "
    "Đại học Bách Khoa Hà Nội, Đại học Đà Nẵng)"
)
CITIES = "3 địa phương (thành phố Hà Nội, Thành phố Hồ Chí Minh, thành phố Đà Nẵng)"
LINE = "Các bộ chuyên ngành (Khoa học và Công nghệ, Xây dựng, Giáo dục và Đào tạo...)"
BOTH = ["group central_bodies localities"]

# every distinct agencies text of the two real annexes
REAL: dict[str, tuple[list[str], list[str], list[str]]] = {
    "": ([], [], []),
    "Bộ Công Thương": (["G02"], [], []),
    "Bộ Công an": (["G01"], [], []),
    "Bộ Giáo dục và Đào tạo": (["G03"], [], []),
    "Bộ Khoa học và Công nghệ": (["G06"], [], []),
    "Bộ Khoa học và Công nghệ, Bộ Nội vụ và các bộ, ngành liên quan": (
        ["G06", "G09"],
        ["các bộ, ngành liên quan"],
        [],
    ),
    "Bộ Ngoại giao, Văn phòng Trung ương Đảng và các cơ quan liên quan": (
        ["G08", "VN-VPTWD"],
        ["các cơ quan liên quan"],
        [],
    ),
    "Bộ Nông nghiệp và Môi trường": (["G10"], [], []),
    "Bộ Nội vụ": (["G09"], [], []),
    "Bộ Nội vụ, Bộ Công an, Văn phòng Chính phủ, Văn phòng Trung ương Đảng": (
        ["G09", "G01", "G22", "VN-VPTWD"],
        [],
        [],
    ),
    "Bộ Quốc phòng": (["G11"], [], []),
    "Bộ Tài chính": (["G12"], [], []),
    "Bộ Tài chính, Bộ Công an và các cơ quan có liên quan": (
        ["G12", "G01"],
        ["các cơ quan có liên quan"],
        [],
    ),
    "Bộ Tư pháp": (["G15"], [], []),
    CITIES: (["list 01 79 48"], [], []),
    LINE: ([], [LINE], []),
    UNIVERSITIES: ([], [], [f"{UNIVERSITIES} -> ? (no_match)"]),
    "Các bộ, cơ quan Trung ương và địa phương": (BOTH, [], []),
    "Các bộ, cơ quan Trung ương và địa phương (đến cấp xã, phường)": (BOTH, [], []),
    "Các bộ, ngành": (["group ministries"], [], []),
    "Các bộ, ngành được giao chủ trì": ([], ["Các bộ, ngành được giao chủ trì"], []),
    "Các bộ, ngành, địa phương": (["group ministries localities"], [], []),
    "Các cơ quan Trung ương và địa phương": (BOTH, [], []),
    "Các cơ quan đảng ở Trung ương": (["group party_bodies"], [], []),
    "Các cơ quan, đơn vị, đặc biệt là người đứng đầu": (
        [],
        ["Các cơ quan, đơn vị, đặc biệt là người đứng đầu"],
        [],
    ),
    "Các cấp, các ngành, các cơ quan, đơn vị": ([], ["Các cấp", "các ngành", "các cơ quan, đơn vị"], []),
    "Các tỉnh, thành phố trực thuộc Trung ương": (["group localities"], [], []),
    "Tòa án nhân dân tối cao": (["VN-TANDTC"], [], []),
    "Viện Kiểm sát nhân dân tối cao": (["VN-VKSNDTC"], [], []),
    "Văn phòng Chính phủ": (["G22"], [], []),
    "Văn phòng Chính phủ, Bộ Công an": (["G22", "G01"], [], []),
    "Văn phòng Chính phủ, Bộ Nội vụ và các cơ quan liên quan": (
        ["G22", "G09"],
        ["các cơ quan liên quan"],
        [],
    ),
    "Văn phòng Trung ương Đảng": (["VN-VPTWD"], [], []),
    "các bộ quản lý lĩnh vực": ([], ["các bộ quản lý lĩnh vực"], []),
    "các bộ, ngành, địa phương": (["group ministries localities"], [], []),
    "các bộ, ngành, địa phương có liên quan": ([], ["các bộ, ngành, địa phương có liên quan"], []),
    "các cơ quan liên quan": ([], ["các cơ quan liên quan"], []),
    "các cơ quan trong hệ thống chính trị": ([], ["các cơ quan trong hệ thống chính trị"], []),
    "Đảng ủy Chính phủ": (["VN-DUCP"], [], []),
    "Đảng ủy Mặt trận Tổ quốc, các đoàn thể Trung ương": (["VN-DUMTTQDTTW"], [], []),
    "Đảng ủy Quốc hội": (["VN-DUQH"], [], []),
}


def test_every_agencies_text_of_the_annexes_is_listed() -> None:
    printed = {row["agencies_text"] for row in rows(DATA / "nq71_appendix3.csv")}
    for row in rows(DATA / "tb07_annex.csv"):
        printed |= {row["lead_text"], row["coordinate_text"]}
    assert printed == set(REAL)


@pytest.mark.parametrize("text", REAL)
def test_real_texts(text: str) -> None:
    assert brief(text) == REAL[text]


def test_examples_and_parentheses_are_kept() -> None:
    assert [s.code for s in read(LINE).indefinite[0].suggestions] == ["G06", "G17", "G03"]
    assert read("Các bộ, cơ quan Trung ương và địa phương (đến cấp xã, phường)").notes == (
        "đến cấp xã, phường",
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Bộ Khoa học và công nghệ", "G06"),
        ("Bộ KH&CN", "G06"),
        ("bộ kh&cn", "G06"),
        ("Bộ KH & CN", "G06"),
        ("Bộ Khoa học & Công nghệ", "G06"),
        ("Bộ KHCN", "G06"),
        ("Bộ Khao học và Công nghệ", "G06"),
        ("G06", "G06"),
        ("BỘ TÀI CHÍNH", "G12"),
        ("Bộ\nTài  chính.", "G12"),
        ("Bộ Tài chíh", "G12"),
        ("Bộ GD&ĐT", "G03"),
        ("Bộ GD-ĐT", "G03"),
        ("Bộ GDĐT", "G03"),
        ("Bộ NN&MT", "G10"),
        ("Bộ VH,TT&DL", "G16"),
        ("Bộ Văn hoá, Thể thao và Du lịc", "G16"),
        ("Bô Công An", "G01"),
        ("Bộ Y tê", "G18"),
        ("Văn phòng Chính Phủ", "G22"),
        ("NHNN Việt Nam", "G19"),
        ("Toà án nhân dân tối cao", "VN-TANDTC"),
        ("Văn phòng TW Đảng", "VN-VPTWD"),
        ("Văn phòng T.Ư Đảng", "VN-VPTWD"),
        ("Đảng uỷ Công an Trung ương", "VN-DUCATW"),
        ("UBND thành phố Hà Nội", "01"),
        ("UBND Hà Nội", "01"),
        ("Ủy ban nhân dân tỉnh Lào Cai", "15"),
        ("TP. Hồ Chí Minh", "79"),
        ("TP.HCM", "79"),
        ("TPHCM", "79"),
        ("Thành phố Hồ Chí Minh", "79"),
        ("TP Huế", "46"),
        ("tỉnh Thanh Hoá", "38"),
        ("Khánh Hoà", "56"),
        ("Đắk Lắk", "66"),
        ("Đắc Lắc", "66"),
        ("Đăk Lăk", "66"),
        ("tỉnh Thái Nguyênn", "19"),
        ("Tỉnh Đồng Nai", "75"),
        ("Thành phố Đồng Nai", "75"),
        ("UBND phường Ba Đình, Hà Nội", "00004"),
        ("đặc khu Côn Đảo", "26732"),
    ],
)
def test_spellings(text: str, code: str) -> None:
    assert codes(text) == [code]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Văn phòng Trung ương Đảng", "Văn phòng Quốc hội"),
        ("Văn phòng Quốc hội", "Văn phòng Chính phủ"),
        ("Văn phòng Chính phủ", "Văn phòng Tổng Bí thư"),
        ("Đảng ủy Công an Trung ương", "Bộ Công an"),
        ("Đảng ủy Chính phủ", "Đảng ủy Quốc hội"),
        ("Quảng Trị", "Quảng Ngãi"),
        ("Quảng Ngãi", "Quảng Ninh"),
        ("Hà Nội", "Hà Tĩnh"),
        ("Bắc Ninh", "Tây Ninh"),
        ("Viện Hàn lâm Khoa học và Công nghệ Việt Nam", "Viện Hàn lâm Khoa học xã hội Việt Nam"),
    ],
)
def test_near_names_stay_apart(left: str, right: str) -> None:
    [one], [other] = codes(left), codes(right)
    assert one != other
    assert codes(f"{left}, {right}") == [one, other]


@pytest.mark.parametrize(
    "text",
    [
        "Bộ Ngoại vụ",
        "Bộ Khoa học và Công nghiệp",
        "Bộ Công",
        "Bộ I tế",
        "Quảng Trj",
        "Bộ Thương mại và Du lịch",
        "Văn phòng Trung ương",
        "Văn phòng Chủ tịch nước",
        "Ban Tổ chức Trung ương",
        "Đảng ủy Bộ Công an",
        "Tỉnh ủy Thái Nguyên",
        "Thành ủy Hà Nội",
        "Sở Khoa học và Công nghệ Hà Nội",
        "Đại học Quốc gia Hà Nội",
        "tỉnh Quảng Xinh",
        "BCT",
        "phường Ba Đinh, Hà Nội",
    ],
)
def test_what_only_looks_like_an_agency_is_left_to_a_person(text: str) -> None:
    naming = read(text)
    assert next(unknown.text for unknown in naming.unknown if unknown.reason == "no_match") in text
    assert not [m for m in naming.found if m.text == text]


def test_an_unknown_name_with_va_inside_is_one_name() -> None:
    [unknown] = read("Bộ Khoa học và Công nghiệp").unknown
    assert (unknown.text, unknown.suggestions[0].code) == ("Bộ Khoa học và Công nghiệp", "G06")


@pytest.mark.parametrize(
    ("text", "successor"),
    [
        ("Bộ Thông tin và Truyền thông", "G06"),
        ("Bộ TT&TT", "G06"),
        ("Bộ Kế hoạch và Đầu tư", "G12"),
        ("Bộ KH&ĐT", "G12"),
        ("Bộ Lao động - Thương binh và Xã hội", "G09"),
        ("Bộ Lao động, Thương binh và Xã hội", "G09"),
        ("Bộ LĐ-TB&XH", "G09"),
        ("Bộ Giao thông vận tải", "G17"),
        ("Bộ Giao thông vận tảii", "G17"),
        ("Bộ Nông nghiệp và Phát triển nông thôn", "G10"),
        ("Bộ Tài nguyên và Môi trường", "G10"),
        ("tỉnh Yên Bái", "15"),
        ("UBND tỉnh Hà Giang", "08"),
        ("Quảng Nam", "48"),
        ("Quảng Bình", "44"),
        ("Bà Rịa-Vũng Tàu", "79"),
        ("tỉnh Bắc Cạn", "19"),
        ("Thừa Thiên Huế", "46"),
    ],
)
def test_a_dissolved_body_is_never_taken_for_a_living_one(text: str, successor: str) -> None:
    naming = read(text)
    assert not naming.found
    [unknown] = naming.unknown
    assert (unknown.text, unknown.reason, unknown.suggestions[0].code) == (text, "dissolved", successor)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "3 địa phương (Hà Nội, Đà Nẵng)",
            ([], [], ["3 địa phương (Hà Nội, Đà Nẵng) -> 01 (count_mismatch)"]),
        ),
        ("2 bộ: Công an, Quốc phòng", (["list G01 G11"], [], [])),
        ("2 tỉnh (Hà Nội, Foo Bar Quux)", ([], [], ["2 tỉnh (Hà Nội, Foo Bar Quux) -> 01 (count_mismatch)"])),
        (
            "2 địa phương (Hà Nội, TP Hà Nội)",
            ([], [], ["2 địa phương (Hà Nội, TP Hà Nội) -> 01 (count_mismatch)"]),
        ),
        ("3 địa phương", ([], ["3 địa phương"], [])),
        ("34 địa phương", (["group localities"], [], [])),
        ("Các bộ: Công an, Quốc phòng", (["list G01 G11"], [], [])),
        ("các bộ Nội vụ và Tài chính", (["list G09 G12"], [], [])),
        ("các tỉnh Lào Cai, Yên Bái", (["list 15"], [], ["Yên Bái -> 15 (dissolved)"])),
        ("Các bộ (Công an, Foo Bar)", ([], [], ["Các bộ (Công an, Foo Bar) -> G01 (no_match)"])),
        ("Các bộ, ngành, Hà Nội", (["group ministries", "01"], [], [])),
        ("Các bộ, ngành (trừ Bộ Y tế)", ([], [], ["Các bộ, ngành (trừ Bộ Y tế) -> ? (exception)"])),
        ("Các bộ, ngành và các cơ quan liên quan", (["group ministries"], ["các cơ quan liên quan"], [])),
        ("Bộ Nội vụ, địa phương liên quan", (["G09"], ["địa phương liên quan"], [])),
        ("Bộ Nội vụ, Bộ Y tế...", (["G09", "G18"], ["Bộ Nội vụ, Bộ Y tế..."], [])),
        ("Bộ Nội vụ, Bộ Y tế, v.v.", (["G09", "G18"], ["Bộ Nội vụ, Bộ Y tế, v.v."], [])),
        ("1. Bộ Nội vụ; 2. Bộ Y tế", (["G09", "G18"], [], [])),
        ("- Bộ Nội vụ\n- Bộ Y tế.", (["G09", "G18"], [], [])),
        ("Bộ Công an (C06), Bộ Nội vụ", (["G01", "G09"], [], [])),
        ("Các bộ, nghành", (["group ministries"], [], [])),
        ("Tài chính", ([], [], ["Tài chính -> G12 (no_match)"])),
        ("xã Tân Tiến", ([], [], ["xã Tân Tiến -> 01051 (ambiguous)"])),
        ("(", ([], [], [])),
        (" , và ; ", ([], [], [])),
    ],
)
def test_lists_and_phrases(text: str, expected: tuple[list[str], list[str], list[str]]) -> None:
    assert brief(text) == expected


def test_a_slip_between_two_names_is_left_to_a_person() -> None:
    pair = [AgencyNames("X1", "Cục Quản lý Minh Sơn"), AgencyNames("X2", "Cục Quản lý Manh Sơn")]
    naming = find_agencies("Cục Quản lý Monh Sơn", directory_of(pair, {}), token_sort_ratio)
    assert not naming.found
    assert {s.code for s in naming.unknown[0].suggestions} == {"X1", "X2"}


def test_a_misspelt_name_says_so() -> None:
    [exact], [close] = read("Bộ Tài chính").found, read("Bộ Tài chíh").found
    assert (exact.how, exact.score) == ("alias", 100.0)
    assert close.how == "fuzzy"
    assert 92 <= close.score < 100


def test_a_text_too_long_is_not_read() -> None:
    [unknown] = read("Bộ Nội vụ, " * (MAX_LENGTH // 11 + 1)).unknown
    assert unknown.reason == "too_long"


@pytest.mark.parametrize("unit", ["3 bộ: ", "a,", "xyz abc, ", "các bộ (", "xã tân; "])
def test_a_senseless_text_costs_few_comparisons(unit: str) -> None:
    compared = 0

    def similarity(left: str, right: str) -> float:
        nonlocal compared
        compared += 1
        return token_sort_ratio(left, right)

    find_agencies((unit * MAX_LENGTH)[:MAX_LENGTH], directory(), similarity)
    assert compared <= 200_000  # about 0.2 s


def test_no_name_stands_for_two_agencies() -> None:
    exact = directory().exact
    assert not [
        key for key, entries in exact.items() if len(entries) > 1 and not all(e.commune for e in entries)
    ]


def test_every_commune_is_found_with_its_province() -> None:
    provinces = {agency.code: agency for agency in AGENCIES if agency.level == "province"}
    communes = [agency for agency in AGENCIES if agency.level == "commune"]
    wrong = [
        commune.name
        for commune in communes
        if codes(f"{commune.name}, {provinces[commune.parent_code].name}") != [commune.code]
    ]
    assert not wrong


CASES = (str, str.upper, str.lower, str.title)
FORMS = ("NFC", "NFD")


@given(
    spoken=st.sampled_from(SPOKEN),
    case=st.sampled_from(CASES),
    form=st.sampled_from(FORMS),
    spaces=st.sampled_from([" ", "  ", "\u00a0", "\t "]),
)
@example(spoken=("G06", "Bộ KH&CN"), case=str.lower, form="NFD", spaces=" ")
def test_any_alias_in_any_case_and_form_is_found(
    spoken: tuple[str, str], case: object, form: str, spaces: str
) -> None:
    code, name = spoken
    assert callable(case)
    printed = spaces + unicodedata.normalize(form, case(name).replace(" ", spaces)) + spaces
    assert codes(printed) == [code]


@given(st.sampled_from(sorted(GROUPS)), st.sampled_from(CASES), st.sampled_from(FORMS))
def test_any_group_phrase_is_found(phrase: str, case: object, form: str) -> None:
    assert callable(case)
    [mention] = read(unicodedata.normalize(form, case(phrase))).found
    assert (mention.kind, mention.codes) == ("group", GROUPS[phrase])


SEPARATORS = st.sampled_from([", ", "; ", " và ", "\n", ",", " ; ", ", và ", "\n- ", " cùng với "])


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(SPOKEN), SEPARATORS), min_size=1, max_size=5))
def test_joined_names_are_all_found(parts: list[tuple[tuple[str, str], str]]) -> None:
    text = "".join(name + separator for (_, name), separator in parts)
    assert codes(text) == [code for (code, _), _ in parts]


@settings(deadline=None)
@given(
    st.text(alphabet="aàáạăâbcdđeêghiklmnoôơpqrstuưvxy AÁBĐ,;()[]:.…-&/\n0123456789\u0301\u0323", max_size=80)
)
@example("cac bo (")
@example("3 địa phương:")
@example("3 địa phương (")
@example("các")
def test_any_text_is_read_without_inventing(text: str) -> None:
    naming = read(text)
    printed = unicodedata.normalize("NFC", text)
    assert all(m.text in printed for m in naming.found)
    assert all(u.text in printed for u in naming.unknown)
    assert all(p.text in printed for p in naming.indefinite)


@given(st.text(max_size=60))
def test_fold_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


def test_fold() -> None:
    assert fold("  ĐẢNG  uỷ\u00a0Mặt trận, Tổ-quốc ") == "dang uy mat tran to quoc"


def test_suggestions_are_few_and_ordered() -> None:
    for unknown in read("Bộ Ngoại vụ; Ban Tổ chức Trung ương; Foo").unknown:
        assert len(unknown.suggestions) <= 3
    assert Counter(s.code for s in read("Bộ Ngoại vụ").unknown[0].suggestions)["G09"] == 1

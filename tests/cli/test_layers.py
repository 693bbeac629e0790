"""What the documentation says of the layers is what CMake is told, and what there is."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def told():
    lines = re.findall(r"^swage_layer\((\w+)\s+DEPENDS\s*([^)]*)\)", (ROOT / "CMakeLists.txt").read_text(), re.M)
    return {name: set(words.split("PRIVATE_LIBS")[0].split()) for name, words in lines}


def test_the_picture_of_the_layers_is_cmakes_list():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    picture = text[text.index("```mermaid"):]
    arrows = set(re.findall(r"^  (\w+) --> (\w+)$", picture[:picture.index("```\n", 3)], re.M))
    assert arrows == {(name, of) for name, others in told().items() for of in others}


def test_the_table_of_the_directories_is_cmakes_list():
    rows = re.findall(r"^\| `src/(\w+)` \| .* \| (.+) \|$", (ROOT / "ARCHITECTURE.md").read_text(), re.M)
    assert {name: set() if of == "-" else set(of.split(", ")) for name, of in rows} == told()
    assert {place.name for place in (ROOT / "src").iterdir() if place.is_dir()} == set(told())

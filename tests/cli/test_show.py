"""`leadswitch show` needs only the file, checks it to its end, and shows it in every format."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.cli.entry import cli, run
from connector.cli.exits import Exit
from tests.plan_samples import LEADS, write_plan


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "plan.jsonl"
    write_plan(path)
    return path


def test_totals_and_findings_for_people(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", str(file)]) == Exit.DONE
    shown = capsys.readouterr()
    assert "acme.bitrix24.example to Simple CRM: 3 leads" in shown.out
    assert "First" in shown.out
    assert "1 with an error" in shown.out
    assert "no deal stage" in shown.out
    assert shown.err == ""


def test_one_lead_before_and_after(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", str(file), "--lead", "1"]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "Create the contact “Zażółć Gęślą”" in shown
    assert "Set 1 product rows" in shown
    assert "predicted" in shown


def test_one_lead_as_json_is_its_line_of_the_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", str(file), "--lead", "2", "--format", "json"]) == Exit.DONE
    line = json.loads(file.read_text(encoding="utf-8").splitlines()[2])
    del line["record"]
    assert json.loads(capsys.readouterr().out) == line


def test_csv_has_every_lead_and_no_formula(file: Path) -> None:
    result = CliRunner().invoke(cli, ["show", str(file), "--format", "csv"])
    lines = list(csv.DictReader(io.StringIO(result.stdout_bytes.decode("utf-8-sig"))))
    assert [line["lead_id"] for line in lines] == ["1", "2", "3"]
    assert lines[0]["title"].startswith("'=")
    assert lines[0]["deal_stage"] == "First"
    assert lines[1]["contact"] == "#44 Jan Kowalski"
    assert lines[2]["worst"] == "error"


def test_json_holds_the_plan_and_its_leads(file: Path) -> None:
    result = CliRunner().invoke(cli, ["show", str(file), "--format", "json"])
    document = json.loads(result.stdout)
    assert document["format"] == "leadswitch.plan-report/1"
    assert document["plan"]["counts"]["leads"] == len(LEADS)
    assert len(document["plan"]["digest"]) == 64
    assert [lead["id"] for lead in document["leads"]] == [1, 2, 3]


@pytest.mark.parametrize("name", ["html", "xlsx", "csv", "json"])
def test_a_file_is_written_whole_and_private(name: str, file: Path, tmp_path: Path) -> None:
    out = tmp_path / f"report.{name}"
    assert run(["show", str(file), "--format", name, "--out", str(out)]) == Exit.DONE
    assert out.stat().st_size > 500
    assert out.stat().st_mode & 0o077 == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plan.jsonl", out.name]


def test_titles_in_html_are_text(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    run(["show", str(file), "--format", "html", "--out", str(out)])
    page = out.read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def _cut(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def _without_summary(raw: bytes) -> bytes:
    return b"".join(raw.splitlines(keepends=True)[:-1])


def _edited(raw: bytes) -> bytes:
    return raw.replace("Gęślą".encode(), b"Gesla")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda _raw: b"", "the file is empty"),
        (lambda _raw: b"hello\n", "line 1 is not JSON"),
        (lambda _raw: b"\x00\xff\xfe", "line 1 is not JSON"),
        (lambda _raw: b'{"record":"plan","format":"leadswitch.plan/9"}\n', "leadswitch.plan/9"),
        (_cut, ""),
        (_without_summary, "cut off"),
        (_edited, "digest does not fit"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(
    spoil: object, says: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(spoil)
    file.write_bytes(spoil(file.read_bytes()))
    assert run(["show", str(file)]) == Exit.FAILED
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Error:" in shown.err
    assert says in shown.err
    assert "unforeseen" not in shown.err


def test_a_file_that_is_not_there_and_a_lead_that_is_not_in_it(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["show", str(tmp_path / "missing.jsonl")]) == Exit.FAILED
    assert "missing.jsonl" in capsys.readouterr().err
    assert run(["show", str(file), "--lead", "99", "--format", "json"]) == Exit.FAILED
    assert json.loads(capsys.readouterr().out)["error"]["key"] == "plan.no_such_lead"


def test_a_place_that_cannot_be_written_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", str(file), "--format", "csv", "--out", str(file / "no" / "such.csv")]) == Exit.FAILED
    assert "such.csv cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--search", "привет"], [2]),
        (["--search", "gęślą zażółć"], [1]),
        (["--search", "nothing like it"], []),
        (["--stage", "NEW"], [1, 2]),
        (["--severity", "error"], [3]),
        (["--finding", "value-dropped"], [2]),
        (["--kind", "repeat"], []),
        (["--sort", "-id"], [3, 2, 1]),
        (["--sort", "severity"], [3, 2, 1]),
        (["--sort", "-amount", "--stage", "NEW"], [1, 2]),
    ],
)
def test_leads_are_searched_filtered_and_sorted(file: Path, arguments: list[str], ids: list[int]) -> None:
    document = json.loads(CliRunner().invoke(cli, ["show", str(file), "--format", "json", *arguments]).stdout)
    assert [lead["id"] for lead in document["leads"]] == ids
    listed = CliRunner().invoke(cli, ["show", str(file), *arguments]).stdout.splitlines()[1:]
    assert [int(line.split()[0]) for line in listed] == ids

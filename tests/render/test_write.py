"""Where output goes: stdout in the same bytes everywhere, files whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmcost.errors import UsageError
from llmcost.render import write


@pytest.mark.parametrize("output", [None, "-"])
def test_text_goes_to_stdout(output, capsys):
    write("계획\n", output)
    assert capsys.readouterr().out == "계획\n"


def test_stdout_is_utf8_with_lf_whatever_the_locale():
    program = "from llmcost.render import write; write('계획 ─\\n', None)"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, env=environment)
    assert done.stdout == "계획 ─\n".encode()


def test_a_closed_pipe_is_quiet():
    program = "from llmcost.render import write; write('x' * 1_000_000, None); write('more', None)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_file_holds_the_text_and_no_draft_stays(tmp_path):
    path = tmp_path / "report.csv"
    write("old\n", str(path))
    write("a\n계획\n", str(path))
    assert path.read_bytes() == "a\n계획\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_has_the_mode_of_any_new_file(tmp_path):
    (tmp_path / "other").touch()
    write("a\n", str(tmp_path / "report"))
    assert (tmp_path / "report").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_crash_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "report"
    write("old\n", str(path))

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UsageError, match="cannot write: No space left on device"):
        write("new\n", str(path))
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write("a\n", str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "a\n"


def test_a_device_is_written_to_and_not_replaced():
    write("a\n", os.devnull)
    assert not Path(os.devnull).is_file()


def test_a_missing_folder_is_an_error_with_a_way_out(tmp_path):
    path = str(tmp_path / "none" / "report")
    with pytest.raises(UsageError, match="cannot write") as caught:
        write("a\n", path)
    assert caught.value.place == path
    assert caught.value.hint == "create the folder first"


def test_a_folder_is_not_overwritten(tmp_path):
    with pytest.raises(UsageError, match="cannot write: Is a directory") as caught:
        write("a\n", str(tmp_path))
    assert caught.value.hint == "choose another file with --output"
    assert tmp_path.is_dir()

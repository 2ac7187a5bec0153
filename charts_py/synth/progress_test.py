import io

from charts_py.synth.progress import PlainLines, TerminalLine


def test_a_log_gets_whole_lines_and_no_control_characters():
    log = io.StringIO()
    progress = PlainLines(log)
    progress.phase("build", 2)
    progress.advance("production/us-east-1")
    progress.say("done")
    progress.end()

    assert log.getvalue() == "build (2)\ndone\n"


def test_a_terminal_line_never_wraps():
    terminal = io.StringIO()
    progress = TerminalLine(terminal, columns=20)
    progress.phase("build", 100)
    progress.advance("production/a-region-with-a-very-long-name")

    assert all(len(drawn) < 20 for drawn in terminal.getvalue().split("\r\x1b[2K"))


def test_a_terminal_is_left_clean():
    terminal = io.StringIO()
    progress = TerminalLine(terminal, columns=80)
    progress.phase("build", 1)
    progress.end()

    assert terminal.getvalue().endswith("\r\x1b[2K")

# SPDX-License-Identifier: AGPL-3.0-or-later
"""`roomline explain`, as an admin or a table of cases in a shell uses it."""
import base64
import hashlib
import hmac
import subprocess

import pytest

from daemon import binary

TWILIO_FORM = (
    b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234"
    b"&From=%2B14158675309&To=%2B18005551212"
)
TWILIO_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"


def run(*args, data=b""):
    return subprocess.run(
        [binary(), "explain", *args], input=data, capture_output=True, timeout=30, check=False
    )


def lines(*args, data):
    done = run(*args, data=data)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize(
    "text, answer",
    [
        (b"", "GSM-7\t1\t0"),
        (b"a" * 160, "GSM-7\t1\t160"),
        (b"a" * 161, "GSM-7\t2\t161"),
        (b"a" * 152 + b"\\u20ac" + b"a" * 152, "GSM-7\t3\t306"),
        (b"  two blanks  ", "GSM-7\t1\t14"),
        (b"a\\nb\\tc", "UCS-2\t1\t5"),
        (b"\\\\", "GSM-7\t1\t2"),
        ("€".encode() * 81, "GSM-7\t2\t162"),
        (b"\\ud83d\\ude00" * 36, "UCS-2\t2\t72"),
        ("é".encode(), "GSM-7\t1\t1"),
        (b"e\xff", "UCS-2\t1\t2"),
        (b"CR stays\r", "GSM-7\t1\t9"),
    ],
)
def test_segments(text, answer):
    assert lines("segments", data=text + b"\n") == [answer]


@pytest.mark.parametrize(
    "text, answer",
    [
        ("STOP", "stop"),
        (" stop. ", "stop"),
        ("START", "start"),
        ("HELP", "help"),
        ("See you at the bus stop", "none"),
        ("", "none"),
    ],
)
def test_text(text, answer):
    [line] = lines("text", data=text.encode() + b"\n")
    verdict, rule = line.split("\t")
    assert verdict == answer and rule


@pytest.mark.parametrize(
    "args, text, answer",
    [
        ([], "+1 (415) 555-2671", "+14155552671\tgeographic"),
        ([], "+44 (0)20 7946 0958", "+442079460958\tinternational"),
        ([], "+1 800 555 2671", "+18005552671\ttoll_free"),
        ([], "+1 415 555 0123", "+14155550123\tfictitious"),
        ([], "4155552671", "invalid\tbad_country"),
        (["--region", "US"], "(415) 555-2671", "+14155552671\tgeographic"),
        (["--region=GB"], "020 7946 0958", "+442079460958\tinternational"),
        (["--region", "US"], "\\uff14\\uff11\\uff15 555 2671", "+14155552671\tgeographic"),
        (["--region", "US"], "\\u202a415 555 2671\\u202c", "+14155552671\tgeographic"),
        (["--region", "US"], "12345", "invalid\ttoo_short"),
        (["--region", "US"], "415 555 2671 x12", "invalid\textension"),
        (["--region", "US"], "1-800-FLOWERS", "invalid\tbad_character"),
        (["--region", "US"], "911 555 2671", "invalid\tbad_area"),
        (["--region", "US"], "", "invalid\tempty"),
    ],
)
def test_phone(args, text, answer):
    assert lines("phone", *args, data=text.encode() + b"\n") == [answer]


def test_one_line_out_for_each_line_in():
    assert len(lines("segments", data=b"one\n\nthree\nfour without a line end")) == 4
    assert lines("segments", data=b"") == []
    assert lines("segments", data=b"a\n" * 5000) == ["GSM-7\t1\t1"] * 5000


def test_a_long_line():
    assert lines("segments", data=b"x" * 3_000_000) == [f"GSM-7\t{-(-3_000_000 // 153)}\t3000000"]


def signed(url, token=b"12345", form=()):
    text = url + "".join(name + value for name, value in sorted(form))
    digest = hmac.new(token, text.encode(), hashlib.sha1).digest()
    return "X-Twilio-Signature: " + base64.b64encode(digest).decode()


def hook(header, data=TWILIO_FORM, token="12345", url=TWILIO_URL):
    return lines(
        "hook", "--driver", "twilio", "--set", f"auth_token={token}", "--url", url,
        "--header", "Content-Type: application/x-www-form-urlencoded", "--header", header,
        data=data,
    )  # fmt: skip


def test_hook_of_twilio():
    # The example in Twilio's own documentation.
    good = "X-Twilio-Signature: RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert hook(good) == ["valid"]
    for bad in (
        hook(good, token="12346"),
        hook(good, data=TWILIO_FORM.replace(b"1234&", b"1235&")),
        hook(good, url=TWILIO_URL + "&baz=3"),
        hook("X-Twilio-Signature: "),
        hook("X-Other: 1"),
    ):
        [line] = bad
        verdict, reason = line.split("\t")
        assert verdict == "invalid" and reason


def test_hook_by_get_has_no_body():
    url = "https://example.org/hook/secret/main/in?From=%2B14155552671"
    args = ["hook", "--driver", "twilio", "--set", "auth_token=12345", "--url", url]
    assert lines(*args, "--method", "GET", "--header", signed(url), data=b"") == ["valid"]


def test_hook_reads_a_secret_from_a_file(tmp_path):
    secret = tmp_path / "token"
    secret.write_text("12345\n")
    assert hook(signed(TWILIO_URL, form=[("a", "b")]), b"a=b", f"file:{secret}") == ["valid"]


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["bogus"],
        ["text", "extra"],
        ["segments", "--region", "US"],
        ["phone", "--region"],
        ["phone", "--land", "US"],
        ["phone", "--regional", "US"],
        ["hook"],
        ["hook", "--driver", "twilio"],
        ["hook", "--driver", "twilio", "--url", "https://example.org/"],
        ["hook", "--driver", "nobody", "--url", "https://example.org/"],
        ["hook", "--driver", "twilio", "--url", "https://example.org/", "--set", "auth_token"],
        ["hook", "--driver", "twilio", "--url", "https://example.org/", "--set", "colour=red"],
        ["hook", "--driver", "twilio", "--url", "https://example.org/", "--header", "no colon"],
        ["hook", "--driver", "twilio", "--url", "not a URL", "--set", "auth_token=1"],
        ["hook", "--driver", "twilio", "--url"],
        ["hook", "--driver", "twilio", "--urls", "https://example.org/"],
    ],
)
def test_bad_usage(args):
    done = run(*args)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"roomline explain: ") and b"usage: " in done.stderr


def test_help():
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"usage: roomline explain" in done.stdout and b"Examples:" in done.stdout
    assert run("phone", "--help").stdout == done.stdout


def test_output_that_cannot_be_written():
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [binary(), "explain", "segments"], input=b"a\n", stdout=full,
            stderr=subprocess.PIPE, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 1 and b"cannot write" in done.stderr

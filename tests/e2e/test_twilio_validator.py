# SPDX-License-Identifier: AGPL-3.0-or-later
"""Twilio's npm package as the judge: it accepts what the driver signs, and `roomline explain hook`
accepts what it signs, for requests as Twilio makes them and for odd ones."""
import json
import os
import random
import subprocess
import urllib.parse

import pytest

from daemon import ROOT, binary

TOKEN = "12345"
FORM = "application/x-www-form-urlencoded"
JUDGES = os.path.join(ROOT, "build", "npm")

INBOUND = {
    "ToCountry": "US", "SmsMessageSid": "SMe287", "NumMedia": "0", "ToCity": "", "FromZip": "01022",
    "SmsStatus": "received", "Body": "Olá “Pat” 😀\n100% & +1 = ~'()*", "To": "+12028831111",
    "MessageSid": "SMe287", "AccountSid": "AC1", "From": "+14133881111",
    "ApiVersion": "2010-04-01",
}  # fmt: skip

URLS = [
    "https://mycompany.com/myapp.php?foo=1&bar=2",
    "https://bot.example.org/hook/S3CRET/tw/in",
    "https://bot.example.org:8443/hook/S3CRET/tw/in",
    "https://bot.example.org:443/hook/S3CRET/tw/status?m=0123456789abcdef",
    "http://bot.example.org:80/in",
    "http://bot.example.org/in?a=b%20c&d=%C3%A9",
]

PARAMS = [
    INBOUND,
    {},
    {"A": ""},
    {"Digits": ["5678", "1234", "1234"], "Sid": "CA123", "SidAccount": "AC123"},
    {"b": "2", "B": "1", "a": "3", "_": "4", "a1": "5"},
    {"Body": "a=b&c=d", "Bo": "dy", "MediaUrl0": "https://e.org/?x=1&y=2"},
    {"Körper": "schön", "名": "値"},
    {"E": ["😀", "é", "z", "Z", ""]},
]


@pytest.fixture(scope="module")
def judge():
    assert os.path.isdir(os.path.join(JUDGES, "node_modules", "twilio")), "missing: make deps"
    script = os.path.join(ROOT, "tests", "e2e", "npm", "twilio_judge.js")
    with subprocess.Popen(
        ["node", script], env={**os.environ, "NODE_PATH": os.path.join(JUDGES, "node_modules")},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
    ) as child:  # fmt: skip

        def ask(what, **question):
            child.stdin.write(json.dumps({"do": what, **question}) + "\n")
            child.stdin.flush()
            answer = child.stdout.readline()
            assert answer, "the judge has gone"
            return json.loads(answer)

        yield ask
        child.stdin.close()


@pytest.fixture(scope="module")
def signer():
    """The driver's own signing, as a program."""
    target = "build/gcc-san/unit/sms/twilio_signer"
    if "TWILIO_SIGNER" not in os.environ:
        subprocess.run(["make", "-s", "SAN=1", target], cwd=ROOT, check=True, timeout=900)
    return os.environ.get("TWILIO_SIGNER") or os.path.join(ROOT, target)


def form(params):
    return urllib.parse.urlencode(params, doseq=True).encode()


def explain(url, signature, body=b"", method="POST", content_type=FORM, token=TOKEN, previous=None):
    args = [binary(), "explain", "hook", "--driver", "twilio", "--url", url, "--method", method,
            "--set", "auth_token=" + token]  # fmt: skip
    if previous:
        args += ["--set", "auth_token_previous=" + previous]
    if signature is not None:
        args += ["--header", "X-Twilio-Signature: " + signature]
    if content_type:
        args += ["--header", "Content-Type: " + content_type]
    done = subprocess.run(args, input=body, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().rstrip("\n").split("\t")


@pytest.mark.parametrize("url", URLS)
def test_we_accept_what_it_signs(judge, url):
    for params in PARAMS:
        signature = judge("sign", token=TOKEN, url=url, params=params)
        body = form(params)
        assert explain(url, signature, body) == ["valid"], params
        assert explain(url, signature, body, token="other", previous=TOKEN) == ["valid"]
        verdict, reason = explain(url, signature, body, token="other")
        assert verdict == "invalid" and "signature" in reason
        verdict, reason = explain(url, signature, body + b"&Extra=1")
        assert verdict == "invalid" and reason


@pytest.mark.parametrize("url", URLS)
def test_it_accepts_what_we_sign(judge, signer, url):
    for params in PARAMS:
        done = subprocess.run(
            [signer, TOKEN, url], input=form(params), capture_output=True, timeout=30, check=True
        )
        signature = done.stdout.decode().strip()
        assert judge("check", token=TOKEN, signature=signature, url=url, params=params), params
        assert not judge("check", token="other", signature=signature, url=url, params=params)
        more = {**params, "Extra": "1"}
        assert not judge("check", token=TOKEN, signature=signature, url=url, params=more)


@pytest.mark.parametrize(
    "url, signed",
    [
        ("https://bot.example.org/in", "https://bot.example.org:443/in"),
        ("https://bot.example.org:443/in", "https://bot.example.org/in"),
        ("https://bot.example.org:8443/in", "https://bot.example.org/in"),
        ("http://bot.example.org/in", "http://bot.example.org:80/in"),
        ("http://bot.example.org:80/in", "http://bot.example.org/in"),
        ("https://u:p@bot.example.org/in", "https://u:p@bot.example.org:443/in"),
        ("https://[2001:db8::1]/in", "https://[2001:db8::1]:443/in"),
    ],
)
def test_ports(judge, signer, url, signed):
    signature = judge("sign", token=TOKEN, url=signed, params=INBOUND)
    assert judge("check", token=TOKEN, signature=signature, url=url, params=INBOUND)
    assert explain(url, signature, form(INBOUND)) == ["valid"]
    ours = subprocess.run(
        [signer, TOKEN, signed], input=form(INBOUND), capture_output=True, timeout=30, check=True
    )
    assert ours.stdout.decode().strip() == signature


@pytest.mark.parametrize(
    "url, signed",
    [
        ("https://bot.example.org:8443/in", "https://bot.example.org:443/in"),
        ("https://bot.example.org/in", "https://bot.example.org:8443/in"),
        ("https://bot.example.org/in", "http://bot.example.org/in"),
        ("https://bot.example.org/in", "https://bot.example.org/in?"),
        ("https://bot.example.org/in", "https://bot.example.org.evil.example/in"),
    ],
)
def test_other_urls_are_refused_by_both(judge, url, signed):
    signature = judge("sign", token=TOKEN, url=signed, params=INBOUND)
    assert not judge("check", token=TOKEN, signature=signature, url=url, params=INBOUND)
    assert explain(url, signature, form(INBOUND))[0] == "invalid"


@pytest.mark.parametrize("url", URLS)
def test_get_is_signed_by_its_url(judge, url):
    full = url + ("&" if "?" in url else "?") + urllib.parse.urlencode({"Body": "é +1", "From": "+1"})
    signature = judge("sign", token=TOKEN, url=full, params={})
    assert judge("check", token=TOKEN, signature=signature, url=full, params={})
    assert explain(full, signature, method="GET", content_type=None) == ["valid"]
    assert explain(full + "1", signature, method="GET", content_type=None)[0] == "invalid"


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("body", ['{"property": "value", "é": true}', "", "[]", "a=b&c=d"])
def test_json_is_signed_by_its_hash(judge, url, body):
    digest = judge("hash", body=body)
    full = f"{url}{'&' if '?' in url else '?'}bodySHA256={digest}"
    signature = judge("sign", token=TOKEN, url=full, params={})
    assert judge("checkBody", token=TOKEN, signature=signature, url=full, body=body)
    assert explain(full, signature, body.encode(), content_type="application/json") == ["valid"]
    other = body + " "
    assert not judge("checkBody", token=TOKEN, signature=signature, url=full, body=other)
    verdict = explain(full, signature, other.encode(), content_type="application/json")
    assert verdict[0] == "invalid"


def test_no_signature_is_refused(judge):
    url = URLS[0]
    assert not judge("check", token=TOKEN, signature="", url=url, params=INBOUND)
    assert explain(url, None, form(INBOUND))[0] == "invalid"
    assert explain(url, "AAAA", form(INBOUND))[0] == "invalid"


def test_they_agree_on_made_up_requests(judge, signer):
    random.seed(20261124)
    letters = "aAbB01_-.~+%&= \t\néß€中😀"

    def word(most):
        return "".join(random.choice(letters) for _ in range(random.randint(0, most)))

    for _ in range(300):
        params = {}
        for _ in range(random.randint(0, 6)):
            values = [word(8) for _ in range(random.choice([1, 1, 1, 2, 3]))]
            params["p" + word(3)] = values if len(values) > 1 else values[0]
        url = "https://bot.example.org/in?q=" + urllib.parse.quote(word(6))
        ours = subprocess.run(
            [signer, TOKEN, url], input=form(params), capture_output=True, timeout=30, check=True
        )
        assert ours.stdout.decode().strip() == judge("sign", token=TOKEN, url=url, params=params)

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fixtures: one real server of each kind for a whole run, a fresh daemon for each test."""
import itertools

import pytest

from daemon import Roomline
from fake_homeserver import FakeHomeserver
from matrix_slots import Slots
from servers import Ejabberd, Prosody
from synapse import Synapse

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def prosody():
    with Prosody() as server:
        yield server


@pytest.fixture(scope="session")
def ejabberd():
    with Ejabberd() as server:
        yield server


@pytest.fixture(params=["prosody", "ejabberd"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def synapse():
    slots = Slots(80)
    with Synapse(registrations=slots.paths) as homeserver:
        homeserver.slots = slots
        yield homeserver
    slots.close()


@pytest.fixture(scope="session")
def fake_homeserver():
    slots = Slots(80)
    with FakeHomeserver(registrations=slots.paths) as homeserver:
        homeserver.slots = slots
        yield homeserver
    slots.close()


@pytest.fixture(params=["synapse", "fake_homeserver"])
def homeserver(request):
    found = request.getfixturevalue(request.param)
    yield found
    if hasattr(found, "clear"):
        found.clear()


@pytest.fixture
def number():
    """A telephone number that no other test uses: rooms outlive a test on the shared servers."""
    return f"+1415555{next(numbers) + 2000:04d}"


@pytest.fixture
def roomline(server):
    with Roomline(server) as daemon:
        yield daemon.wait_chat()

"""A whole system in network namespaces, and a Chromium with a microphone of its own on one of the hosts."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from selenium import webdriver
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.service import Service

from ringfence.lab import tone
from ringfence.lab.network import NETNS_DIR, PBX_ADDRESS, Host, Lab
from ringfence.lab.phones import Baresip
from ringfence.lab.product import Product, make_home, within
from ringfence.lab.sip import Account
from tests.browser.conftest import CHROMIUM, DRIVER, FLAGS

PAGE: Final = f"https://{PBX_ADDRESS}:10443"
SPOKEN: Final = 600
"""Hertz: what the browser's microphone hears."""

MEDIA_FLAGS: Final = (
    "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream --autoplay-policy=user-gesture-required"
)


@contextmanager
def standing_on(host: Host) -> Iterator[None]:
    """This thread's new connections, and the processes it starts, are this host's.

    Its addresses have settled by then: a browser whose network changes throws away the page it loads.
    """
    host.await_addresses()
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(NETNS_DIR / host.namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.setns(there, os.CLONE_NEWNET)
        yield
    finally:
        os.setns(before, os.CLONE_NEWNET)
        os.close(there)
        os.close(before)


@contextmanager
def product_in(lab: Lab, purpose: str, *, set_up: bool = True) -> Iterator[Product]:
    """A product that runs, with an administrator unless a test sets it up itself; gone afterwards."""
    home = make_home(purpose)
    product = Product(lab.host("srv", 1), lab.host("admin", 10), home)
    try:
        product.start()
        if set_up:
            product.administer()
        yield product
    finally:
        product.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def chromium(folder: Path) -> Iterator[Chrome]:
    """A browser that may use microphone and camera without asking; both are made up, the microphone hears a tone."""
    folder.mkdir(parents=True)
    spoken = folder / "spoken.wav"
    tone.write_tone(spoken, SPOKEN, 10.0)
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    own = (f"--user-data-dir={folder / 'profile'}", f"--use-file-for-fake-audio-capture={spoken}")
    for flag in (*FLAGS.split(), *MEDIA_FLAGS.split(), *own):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


def hears(phone: Baresip, frequency: int) -> None:
    """Within a call that goes on: the phone has heard half a second of the tone."""
    within(20, lambda: tone.listen(phone.recording, frequency).seconds >= 0.5, f"{frequency} Hz are heard")


def account(product: Product, tenant: dict[str, Any], number: str, password: str) -> Account:
    """A new person who signs in with this password, and what a desk phone needs of their extension."""
    wish = {"tenant_id": tenant["id"], "extension": number, "display_name": f"Person {number}"}
    made = product.rest.post("users", **wish, role="Standard User", password=password)
    return Account(number, tenant["domain"], made["sip_secret"])

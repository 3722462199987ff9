"""The page of the browser phone as a person uses it: what one presses, and what is heard in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.phones import PAGE

PATIENCE: Final = 20
HEARD: Final = """
const done = arguments[arguments.length - 1], audio = document.querySelector("[data-call] audio");
const context = new AudioContext(), analyser = context.createAnalyser();
analyser.fftSize = 8192;
context.createMediaStreamSource(audio.srcObject).connect(analyser);
const bins = new Float32Array(analyser.frequencyBinCount);
let tries = 0;
const look = setInterval(() => {
  analyser.getFloatFrequencyData(bins);
  const loudest = bins.reduce((best, value, index) => (value > bins[best] ? index : best), 0);
  if (bins[loudest] > -60 || ++tries > 40) {
    clearInterval(look);
    const hertz = bins[loudest] > -60 ? loudest * context.sampleRate / analyser.fftSize : 0;
    context.close().then(() => done(hertz));
  }
}, 250);
"""


@dataclass
class Page:
    """A browser, and the calls it shows."""

    browser: Chrome

    def sign_in(self, login: str, password: str, page: str = PAGE) -> None:
        self.browser.get(page)
        self.find("[name=username]").send_keys(login)
        self.find("[name=password]").send_keys(password)
        self.find("main form button").click()

    def permit_microphone(self) -> None:
        self.browser.find_element(By.ID, "permit").click()
        self.browser.find_element(By.ID, "tab-devices").click()
        self.browser.find_element(By.ID, "clean").click()  # or the browser takes the steady tone for noise
        self.browser.find_element(By.ID, "tab-calls").click()

    def part(self, name: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, f"[data-call] [data-part='{name}']")

    def press(self, name: str) -> None:
        self.until(lambda: self.part(name).is_displayed(), f"{name} can be pressed")
        self.part(name).click()

    def until[T](self, look: Callable[[], T], what: str) -> T:
        ignored = (StaleElementReferenceException,)
        found: T = WebDriverWait(self.browser, PATIENCE, 0.1, ignored).until(lambda _: look(), what)
        return found

    def await_state(self, state: str) -> None:
        self.until(lambda: self.browser.find_elements(By.CSS_SELECTOR, f"[data-call][data-state='{state}']"), state)

    def find(self, selector: str) -> WebElement:
        """The first of these, as soon as there is one: a page may still be on its way."""
        return self.until(lambda: self.browser.find_elements(By.CSS_SELECTOR, selector), selector)[0]

    def await_quiet(self) -> None:
        self.until(lambda: not self.browser.find_elements(By.CSS_SELECTOR, "[data-call]"), "no call is left")

    def await_ready(self) -> None:
        self.find("#line-state[data-state=on]")

    def dial(self, number: str, button: str = "audio") -> None:
        self.browser.find_element(By.ID, "number").send_keys(number)
        self.browser.find_element(By.CSS_SELECTOR, f"#dial button[value={button}]").click()

    def heard_here(self) -> float:
        """The frequency that the page hears from the other side, in hertz."""
        return float(self.browser.execute_async_script(HEARD))

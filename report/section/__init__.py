"""The sections of the page, in its order."""

from . import acquisition, profit, quality, service, value

SECTIONS = (profit.SECTIONS + value.SECTIONS + acquisition.SECTIONS
            + service.SECTIONS + quality.SECTIONS)

"""Commands that write a page: report, lab, replay."""

"""Units, codes, labels and features that change from one day to the next. Read `shifts`."""

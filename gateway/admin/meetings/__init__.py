"""The pages of the meetings: agenda, week, by device, each meeting from both sides, and what comes next in Google."""

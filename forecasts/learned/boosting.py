"""Gradient boosting beside the model of this crate: what would a learned one gain?

    pip install lightgbm numpy
    python3 forecasts/learned/boosting.py CSV [FIRST_DAY]

Reads the CSV that `just forecast` reads (SystemCodeNumber,Capacity,Occupancy,LastUpdated), puts values on
half hours, learns from the days before FIRST_DAY (default 2016-12-13) and prints the mean absolute error of the
seven days from then on, as a share of the spaces. One model for all places and horizon; it knows what the
crate's model knows of a place (a slow and a recent profile, the deviation now, its growth, the day before)
and, beyond that, last weeks, how all other places are off, and which place it is. Nothing of it is in the
program: docs/forecasts.md says why.
"""

import csv
import datetime as dt
import sys
import time

import lightgbm
import numpy as np

SLOTS = range(15, 34)  # half hours of the day, 7:30 to 16:30
AHEAD = (1, 2, 4, 8)  # half hours


def read(path):
    """Shares by day, half hour and place; NaN where there is none."""
    rows = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            at = dt.datetime.strptime(row["LastUpdated"], "%Y-%m-%d %H:%M:%S") + dt.timedelta(minutes=15)
            slot = at.hour * 2 + at.minute // 30
            share = min(1.0, max(0.0, float(row["Occupancy"]) / float(row["Capacity"])))
            rows.setdefault((row["SystemCodeNumber"], at.date(), slot), share)
    places = sorted({place for place, _, _ in rows})
    first, last = min(day for _, day, _ in rows), max(day for _, day, _ in rows)
    days = [first + dt.timedelta(n) for n in range((last - first).days + 1)]
    seen = np.full((len(days), len(SLOTS), len(places)), np.nan)
    for (place, day, slot), share in rows.items():
        if slot in SLOTS:
            seen[(day - first).days, slot - SLOTS[0], places.index(place)] = share
    return days, seen


def profile(days, seen, level_gain, class_gain):
    """What was usual on each day, as of the evening before: by weekday, moved a little by its class."""
    kind = [day.weekday() for day in days]
    classes = [max(0, k - 4) for k in range(7)]
    level = np.full((7, *seen.shape[1:]), np.nan)
    count = np.zeros_like(level)
    usual = np.full_like(seen, np.nan)
    for day, today in enumerate(seen):
        k = kind[day]
        usual[day] = level[k]
        known = ~np.isnan(today)
        for other in range(7):
            if classes[other] == classes[k]:
                gain = np.maximum(level_gain, 1 / (count[k] + 1)) if other == k else class_gain
                moved = level[other] + gain * (today - level[other])
                new = today if other == k else level[other]
                level[other] = np.where(known, np.where(np.isnan(level[other]), new, moved), level[other])
        count[k] += known
    return usual


def before(values, days):
    """The same values, so many days later."""
    moved = np.full_like(values, np.nan)
    moved[days:] = values[:-days]
    return moved


def table(days, seen, ahead):
    """Knowns, target (what comes, less profile and deviation), where it belongs, what was the start."""
    slow, recent = profile(days, seen, 0.1, 0.05), profile(days, seen, 0.8, 0.15)
    usual = (slow + recent) / 2
    off = seen - usual
    others = np.nanmean(off, axis=2)
    yesterday, week, fortnight = before(seen, 1), before(seen, 7), before(seen, 14)
    off_before = before(off, 1)
    knowns, targets, where, start = [], [], [], []
    places = np.arange(seen.shape[2])
    nothing = np.full(len(places), np.nan)
    for day in range(7, len(days)):
        for slot in range(len(SLOTS) - ahead):
            to = slot + ahead
            now = off[day, slot]
            last = off[day, slot - 1] if slot else nothing
            of_others = others[day, slot]
            of_others_last = others[day, slot - 1] if slot else np.nan
            step = [v[day, to] - v[day, slot] for v in (usual, slow, recent, yesterday, week, fortnight)]
            knowns.append(np.stack([
                seen[day, slot], now, now - last, usual[day, slot], usual[day, to], *step,
                off_before[day, slot], off_before[day, to],
                np.full(len(places), of_others), np.full(len(places), of_others - of_others_last),
                np.full(len(places), days[day].weekday()), np.full(len(places), slot), places,
            ], axis=1))
            begin = usual[day, to] + now
            targets.append(seen[day, to] - begin)
            start.append(begin)
            where.append(np.full(len(places), day))
    return tuple(np.concatenate(part) for part in (knowns, targets, where, start))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    first_day = dt.date.fromisoformat(sys.argv[2] if len(sys.argv) > 2 else "2016-12-13")
    days, seen = read(sys.argv[1])
    split = days.index(first_day)
    print(f"{'ahead':<10}{'values':>8}{'moved':>10}{'boosting':>10}{'seconds':>9}")
    for ahead in AHEAD:
        knowns, targets, where, start = table(days, seen, ahead)
        known = ~np.isnan(targets)
        past = known & (where < split)
        future = known & (where >= split) & (where < split + 7)
        began = time.time()
        model = lightgbm.LGBMRegressor(
            objective="l1", n_estimators=400, learning_rate=0.03, num_leaves=15, min_child_samples=40,
            subsample=0.8, subsample_freq=1, colsample_bytree=0.7, random_state=1, verbose=-1, n_jobs=2,
            deterministic=True, force_row_wise=True,
        )
        last = knowns.shape[1] - 1
        model.fit(knowns[past], targets[past], categorical_feature=[last - 2, last])
        said = np.clip(start[future] + model.predict(knowns[future]), 0, 1)
        truth = start[future] + targets[future]
        moved = np.abs(np.clip(start[future], 0, 1) - truth).mean()
        error = np.abs(said - truth).mean()
        print(f"{ahead * 30:>3} min   {future.sum():>8}{moved:>10.5f}{error:>10.5f}{time.time() - began:>9.1f}")


if __name__ == "__main__":
    main()

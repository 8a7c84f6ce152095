from __future__ import annotations

from benchmarks.buildpacks import Found, evaluate


def test_redeploys_are_compared_round_by_round_and_new_dependencies_with_the_first_build() -> None:
    found = Found(
        first=40.0,
        changed=[10.0, 30.0],
        buildpacks=[2.0, 6.0, 9.0],
        dockerfile=[1.0, 6.0, 6.0],
        size=150,
        dockerfile_size=100,
    )
    measures = {one.what: one for one in evaluate({"flask": found}, loads=(1.0, 2.0)).measures}
    redeploy = measures["  over the Dockerfile, round by round"]
    assert redeploy.samples.values == (2.0, 1.0, 1.5)
    assert redeploy.verdict == "within the limit of 1.5 x"
    assert measures["  over the first build"].samples.values == (0.25, 0.75)
    assert measures["flask: image over the Dockerfile's"].verdict == "over the limit of 1.3 x"

from __future__ import annotations

import threading

import pytest

from dokkupy.errors import Conflict, NotFound, ProxyRefused, Refused, UsageError
from dokkupy.names import AppName, Scope
from dokkupy.platform import Platform
from dokkupy.testing.proxy_fake import FakeProxy
from dokkupy_domains import operations
from dokkupy_domains.host import GlobalDomain, Host

A, B = AppName("a"), AppName("b")


@pytest.fixture(autouse=True)
def two_apps(platform: Platform) -> None:
    platform.store.apps.create(A)
    platform.store.apps.create(B)


def names(*texts: str) -> list[Host]:
    return [Host.parse(text) for text in texts]


def domains(*texts: str) -> list[GlobalDomain]:
    return [GlobalDomain.parse(text) for text in texts]


def routed(fake_proxy: FakeProxy) -> dict[str, list[str]]:
    return {route.app: [str(host) for host in route.hosts] for route in fake_proxy.applied[-1]}


def served(platform: Platform, app: AppName = A) -> list[str]:
    return [str(host) for host in platform.hooks.vhosts(app=app)]


def test_an_app_answers_at_its_name_below_the_global_domain(platform: Platform) -> None:
    assert served(platform) == ["a.apps.test"]


def test_an_app_has_no_default_without_a_global_domain(platform: Platform) -> None:
    platform.store.meta.set("domain", "")
    assert served(platform) == []


def test_added_hosts_are_served_at_once_beside_the_default(
    platform: Platform, fake_proxy: FakeProxy
) -> None:
    operations.add(platform, A, names("www.example.com", "*.example.com"))
    assert routed(fake_proxy) == {
        "a": ["www.example.com", "*.example.com", "a.apps.test"],
        "b": ["b.apps.test"],
    }
    assert fake_proxy.changed == ["a"]


def test_adding_what_is_there_changes_nothing(platform: Platform, fake_proxy: FakeProxy) -> None:
    operations.add(platform, A, names("www.example.com"))
    operations.add(platform, A, names("www.example.com"))
    assert fake_proxy.changed == ["a"]
    assert served(platform) == ["www.example.com", "a.apps.test"]


def test_domains_of_a_kind_are_told_apart_in_the_list(platform: Platform) -> None:
    operations.add(platform, A, names("www.example.com"))
    found = [(entry.domain, entry.source) for entry in operations.list_(platform, A)]
    assert found == [("www.example.com", "added"), ("a.apps.test", "default")]


def test_set_replaces_the_default_too(platform: Platform) -> None:
    operations.add(platform, A, names("old.example.com"))
    operations.set_(platform, A, names("new.example.com"))
    assert served(platform) == ["new.example.com"]


def test_clear_goes_back_to_the_default(platform: Platform) -> None:
    operations.set_(platform, A, names("www.example.com"))
    operations.clear(platform, A)
    assert served(platform) == ["a.apps.test"]


def test_removing_the_last_added_host_brings_the_default_back(platform: Platform) -> None:
    operations.set_(platform, A, names("www.example.com"))
    operations.remove(platform, A, names("www.example.com"))
    assert served(platform) == ["a.apps.test"]


def test_the_default_can_be_removed_where_another_host_stays(platform: Platform) -> None:
    operations.add(platform, A, names("www.example.com"))
    operations.remove(platform, A, names("a.apps.test"))
    assert served(platform) == ["www.example.com"]


def test_one_of_two_defaults_can_be_removed(platform: Platform) -> None:
    operations.add_global(platform, domains("second.test"))
    operations.remove(platform, A, names("a.apps.test"))
    assert served(platform) == ["a.second.test"]


def test_the_only_domain_cannot_be_removed(platform: Platform) -> None:
    with pytest.raises(Refused, match=r"a\.apps\.test is all that a has"):
        operations.remove(platform, A, names("a.apps.test"))
    assert served(platform) == ["a.apps.test"]


def test_removing_a_host_that_is_not_there_says_which_are(platform: Platform) -> None:
    operations.add(platform, A, names("www.example.com"))
    with pytest.raises(NotFound, match=r"a has no domain x\.example\.com") as caught:
        operations.remove(platform, A, names("www.example.com", "x.example.com"))
    assert caught.value.hint == "It has: www.example.com, a.apps.test."
    assert served(platform) == ["www.example.com", "a.apps.test"]


@pytest.mark.parametrize("verb", [operations.add, operations.set_])
def test_a_host_of_another_app_is_refused_with_its_name(platform: Platform, verb: object) -> None:
    assert callable(verb)
    operations.add(platform, B, names("www.example.com"))
    with pytest.raises(Conflict, match=r"www\.example\.com belongs to the app b"):
        verb(platform, A, names("new.example.com", "www.example.com"))
    assert served(platform) == ["a.apps.test"]


def test_the_default_of_another_app_is_refused(platform: Platform) -> None:
    with pytest.raises(Conflict, match=r"b\.apps\.test belongs to the app b"):
        operations.add(platform, A, names("b.apps.test"))


def test_the_default_that_another_app_gave_up_can_be_taken(platform: Platform) -> None:
    operations.set_(platform, B, names("b.example.com"))
    operations.add(platform, A, names("b.apps.test"))
    assert served(platform) == ["b.apps.test", "a.apps.test"]


def test_a_host_of_a_destroyed_app_is_free_again(platform: Platform) -> None:
    operations.add(platform, B, names("www.example.com"))
    platform.store.apps.destroy(B)
    operations.add(platform, A, names("www.example.com", "b.apps.test"))
    assert served(platform) == ["www.example.com", "b.apps.test", "a.apps.test"]


def test_a_new_app_does_not_take_its_default_from_who_had_it_first(platform: Platform) -> None:
    operations.add(platform, A, names("late.apps.test"))
    late = AppName("late")
    platform.store.apps.create(late)
    assert served(platform, late) == []
    assert "late.apps.test" in served(platform, A)


def test_going_back_to_the_default_takes_it_from_nobody(platform: Platform) -> None:
    operations.set_(platform, B, names("b.example.com"))
    operations.add(platform, A, names("b.apps.test"))
    operations.clear(platform, B)
    assert served(platform, B) == []
    assert served(platform, A) == ["b.apps.test", "a.apps.test"]


def test_of_two_who_add_one_host_at_once_one_gets_it(platform: Platform) -> None:
    together = threading.Barrier(2)
    refused: list[Conflict] = []

    def claim(app: AppName) -> None:
        together.wait()
        try:
            operations.add(platform, app, names("www.example.com"))
        except Conflict as error:
            refused.append(error)
        finally:
            platform.store.close()

    threads = [threading.Thread(target=claim, args=(app,)) for app in (A, B)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    owners = [app for app in (A, B) if "www.example.com" in served(platform, app)]
    assert len(owners) == 1


def test_a_change_that_the_proxy_refuses_is_taken_back(
    platform: Platform, fake_proxy: FakeProxy
) -> None:
    operations.add(platform, A, names("www.example.com"))
    fake_proxy.refused = {"a"}
    with pytest.raises(ProxyRefused):
        operations.add(platform, A, names("bad.example.com"))
    assert served(platform) == ["www.example.com", "a.apps.test"]
    with pytest.raises(ProxyRefused):
        operations.set_(platform, A, names("bad.example.com"))
    assert served(platform) == ["www.example.com", "a.apps.test"]


def test_a_global_change_that_the_proxy_refuses_is_taken_back(
    platform: Platform, fake_proxy: FakeProxy
) -> None:
    fake_proxy.refused = {""}
    with pytest.raises(ProxyRefused):
        operations.add_global(platform, domains("bad.test"))
    assert served(platform) == ["a.apps.test"]
    (report,) = operations.report(platform, Scope(""))
    assert (report.domains, report.default) == (("apps.test",), True)


def test_global_domains_give_every_app_a_name(platform: Platform, fake_proxy: FakeProxy) -> None:
    operations.add_global(platform, domains("second.test"))
    assert routed(fake_proxy) == {
        "a": ["a.apps.test", "a.second.test"],
        "b": ["b.apps.test", "b.second.test"],
    }
    operations.remove_global(platform, domains("apps.test"))
    assert served(platform) == ["a.second.test"]
    operations.set_global(platform, domains("third.test"))
    assert served(platform) == ["a.third.test"]
    operations.clear_global(platform)
    assert served(platform) == ["a.apps.test"]


def test_every_global_domain_can_be_removed(platform: Platform) -> None:
    operations.remove_global(platform, domains("apps.test"))
    assert served(platform) == []


def test_removing_a_global_domain_that_is_not_there_says_which_are(platform: Platform) -> None:
    with pytest.raises(NotFound) as caught:
        operations.remove_global(platform, domains("other.test"))
    assert caught.value.hint == "There are: apps.test."


def test_report_shows_one_app_all_apps_or_the_global_domains(platform: Platform) -> None:
    operations.set_(platform, A, names("www.example.com"))

    def shown(scope: Scope | None) -> list[tuple[str, tuple[str, ...], bool]]:
        return [(r.app, r.domains, r.default) for r in operations.report(platform, scope)]

    one = ("a", ("www.example.com",), False)
    assert shown(Scope("a")) == [one]
    assert shown(None) == [one, ("b", ("b.apps.test",), True)]
    assert shown(Scope("")) == [("", ("apps.test",), True)]


@pytest.mark.parametrize("verb", [operations.add, operations.remove, operations.set_])
def test_nothing_given_is_refused(platform: Platform, verb: object) -> None:
    assert callable(verb)
    with pytest.raises(UsageError, match="No domain is given"):
        verb(platform, A, [])


def test_an_unknown_app_is_refused_by_every_operation(platform: Platform) -> None:
    unknown = AppName("unknown")
    with pytest.raises(NotFound, match="App unknown does not exist"):
        operations.add(platform, unknown, names("x.example.com"))
    with pytest.raises(NotFound, match="App unknown does not exist"):
        operations.list_(platform, unknown)
    with pytest.raises(NotFound, match="App unknown does not exist"):
        operations.report(platform, Scope(unknown))


def test_changes_are_written_to_the_events(platform: Platform) -> None:
    operations.add(platform, A, names("www.example.com"))
    (event,) = platform.store.events.list(verb="domains.changed")
    assert (event.app, dict(event.data)) == (
        "a",
        {"domains": ["www.example.com"], "default": True},
    )

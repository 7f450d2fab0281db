"""Who hears what."""

from blogen.events import Bus, FeaturedChanged, PostChanged, PostDeleted

TEA, GONE, FEATURED = PostChanged("tea"), PostDeleted("tea"), FeaturedChanged()


def test_who_asks_for_some_events_hears_those_and_in_the_order_of_asking():
    bus, heard = Bus(), []
    bus.publish(TEA)  # nobody heard: whoever comes later hears the next of its kind all the same
    bus.subscribe(lambda event: heard.append(("all", event)))
    stop = bus.subscribe(lambda event: heard.append(("some", event)), PostChanged, FeaturedChanged)
    for event in (TEA, GONE, FEATURED):
        bus.publish(event)
    assert heard == [("all", TEA), ("some", TEA), ("all", GONE), ("all", FEATURED), ("some", FEATURED)]
    stop()
    bus.publish(TEA)
    assert heard[5:] == [("all", TEA)]


def test_one_that_fails_harms_no_other(caplog):
    def fail(_):
        raise RuntimeError("a defect")

    bus, heard = Bus(), []
    bus.subscribe(fail)
    bus.subscribe(heard.append)
    bus.publish(TEA)
    assert heard == [TEA]
    assert "PostChanged" in caplog.text

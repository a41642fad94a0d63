using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Faults.Recording;
using OrleansIoT.Faults.Tests.Checkers;

namespace OrleansIoT.Faults.Tests.Nemesis;

/// <summary>How long it took, of what the clients saw.</summary>
public sealed class RecoveryTests
{
    private static readonly FaultPlan Kill = new("F01", FaultKind.Kill, "silo", TimeSpan.FromSeconds(5));

    [Fact]
    public void Messages_that_wait_are_held_up_until_the_last_of_them_is_acknowledged()
    {
        var recovery = Assert.Single(Recovery.Of([At(10)],
        [
            Message(1, 5, 5.1), Message(2, 9.9, 13), Message(3, 10.5, 14.5), Message(4, 11, 11.4), Message(5, 15, 15.1),
        ]));
        Assert.Equal(2, recovery.Stalled);
        Assert.Equal(TimeSpan.FromSeconds(4.5), recovery.Messages);
        Assert.Equal(TimeSpan.FromSeconds(1.4), recovery.First);
    }

    [Fact]
    public void A_message_that_was_sent_anew_waits_from_its_first_try_to_its_acknowledgement()
    {
        var recovery = Assert.Single(Recovery.Of([At(10)],
        [
            Message(1, 10.1, 10.2) with { Outcome = Outcome.Info }, Message(1, 10.4, 12),
        ]));
        Assert.Equal(TimeSpan.FromSeconds(2), recovery.Messages);
    }

    [Fact]
    public void A_wait_is_put_down_to_the_fault_that_was_there_when_it_began()
    {
        var stop = At(10, until: 25);
        var recoveries = Recovery.Of([stop, At(20, until: 21), At(40)], [Message(1, 12, 22), Message(2, 39.5, 42), Message(3, 30, 30.1)]);
        Assert.Equal([12, 0, 2], recoveries.Select(recovery => recovery.Messages.TotalSeconds));
    }

    [Fact]
    public void A_request_without_an_answer_counts_however_soon_that_was_known()
    {
        var recovery = Assert.Single(Recovery.Of([At(10)],
        [
            new Request("g", "GET /", null) { Client = "r", Begun = Seconds(12), Ended = Seconds(12.1), Outcome = Outcome.Info },
            new Request("g", "GET /", 200) { Client = "r", Begun = Seconds(13), Ended = Seconds(13.1), Outcome = Outcome.Ok },
        ]));
        Assert.Equal(Seconds(2.1), recovery.Requests);
    }

    private static Injection At(double began, double? until = null) =>
        new(new Fault(Seconds(began), Kill, "silo-1", TimeSpan.Zero), Seconds(began), Seconds(until ?? began + 1));

    private static Publication Message(long number, double begun, double ended) =>
        Story.Sent(Story.Topic, number, 0) with { Begun = Seconds(begun), Ended = Seconds(ended) };

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}

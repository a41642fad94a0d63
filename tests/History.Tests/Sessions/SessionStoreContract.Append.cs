using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Sessions;

public abstract partial class SessionStoreContract
{
    [Fact]
    public async Task An_append_whose_number_does_not_follow_has_no_effect_at_all()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await History.Append(Topic, 1, Some(Topic, 2));

        await Assert.ThrowsAsync<SequenceConflictException>(() => History.Append(
            Topic, 2, [Reading(Topic, "late") with { Retain = true }], Effects([To(Session, 0)], (Session, [7]))));

        var session = (await Sessions.Find(Session))!;
        Assert.Equal((0, 0), (session.Last, session.Queued));
        Assert.Empty(session.Received);
        Assert.Empty(await Texts(Session));
        Assert.Empty(await Retained());
    }

    [Fact]
    public async Task A_transient_topic_has_effects_and_no_history()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);

        for (var i = 1; i <= 2; i++)
        {
            Assert.Equal<long>([i], await History.Append(
                Topic, 99, [Full with { Retain = true }], Effects([To(Session, 0)], (Session, [7]), isTransient: true)));
        }

        Assert.Equal(new TopicTail(0, null), await History.ReadTopicTail(Topic));
        Assert.Equal(0, (await History.ReadDeviceTail("default/users/42")).Readings);
        Assert.Equal<ushort>([7], (await Sessions.Find(Session))!.Received);
        Assert.Equal((Full with { Retain = true }).Describe(), Assert.Single(await Retained()).Describe());
        Assert.Equal([0, 0], (await Sessions.ReadWhole(Session)).Select(q => q.Message!.Seq));
    }

    [Fact]
    public async Task What_is_known_to_be_stored_is_queued_and_not_stored_again()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await History.Append(Topic, 1, Some(Topic, 3));
        TelemetryMessage Stored(int i) => Reading(Topic, $"{i}") with { IsStored = true, Seq = i };

        await History.Append(Topic, 99, [Stored(2), Stored(1)], Effects([To(Session, 0), To(Session, 1)]));
        await History.Append(
            Topic, 4, [Reading(Topic, "a"), Stored(3), Reading(Topic, "b")], Effects([To(Session, 0), To(Session, 1), To(Session, 2)]));
        await History.Append(Topic, 99, [Stored(3)]);

        Assert.Equal(5, (await History.ReadTopicTail(Topic)).LastSeq);
        Assert.Equal(5, (await History.ReadDeviceTail(Publisher)).Readings);
        Assert.Equal([4, 5], (await History.ReadAll(Topic)).Where(m => !m.HasOwnTime).Select(m => m.Seq));
        Assert.Equal(
            [(2, "2"), (1, "1"), (4, "a"), (3, "3"), (5, "b")],
            (await Sessions.ReadWhole(Session)).Select(q => (q.Message!.Seq, q.Message.Text())));
    }

    [Fact]
    public async Task The_last_message_of_a_batch_with_the_flag_is_retained()
    {
        await History.Append(
            Topic, 1,
            [Reading(Topic, "1") with { Retain = true }, Full with { Retain = true }, Reading(Topic, "not retained")]);

        await Reopen();

        Assert.Equal((Full with { Retain = true, Seq = 2 }).Describe(), Assert.Single(await Retained()).Describe());
        Assert.Equal(3, (await History.ReadTopicTail(Topic)).LastSeq);
    }

    [Fact]
    public async Task An_empty_message_with_the_flag_removes_the_retained_one_and_is_a_reading()
    {
        await History.Append(Topic, 1, [Reading(Topic, "1") with { Retain = true }]);
        await History.Append(Topic, 2, [Reading(Topic, "2") with { Retain = true }, Reading(Topic, "") with { Retain = true }]);
        await History.Append(Topic, 4, [Reading(Topic, "") with { Retain = true }]);

        Assert.Empty(await Retained());
        Assert.Equal(4, (await History.ReadTopicTail(Topic)).LastSeq);
    }

    [Fact]
    public async Task A_redelivery_does_not_displace_what_was_retained_since_but_in_a_transient_topic_it_is_a_message()
    {
        await History.Append(Topic, 1, [Reading(Topic, "older") with { Retain = true }, Reading(Topic, "newer") with { Retain = true }]);
        TelemetryMessage[] again = [Reading(Topic, "older") with { Retain = true, IsStored = true, Seq = 1 }];

        await History.Append(Topic, 3, again);
        Assert.Equal("newer", Assert.Single(await Retained()).Text());

        await History.Append(Topic, 3, again, Effects(isTransient: true));
        Assert.Equal("older", Assert.Single(await Retained()).Text());
    }

    private async Task<IReadOnlyList<TelemetryMessage>> Retained(string filter = "#") =>
        (await Sessions.ReadRetained("default", filter, null, 1_000, 1 << 20, Noon)).Messages;
}

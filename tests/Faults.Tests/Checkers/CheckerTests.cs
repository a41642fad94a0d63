using OrleansIoT.Faults.Checkers;
using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Tests.Checkers;

/// <summary>Each checker finds what it is there for, made up, and nothing in a run where all is well.</summary>
public sealed class CheckerTests
{
    public static TheoryData<string> Ids => [.. Checker.All.Select(checker => checker.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_run_in_which_all_is_well_breaks_no_promise(string checker) => Assert.Empty(Story.Broken(checker, Story.Good));

    [Fact]
    public void C1_finds_an_acknowledged_message_that_is_not_stored() =>
        Finds("C1", "devices/d1/t#9", Story.With(Story.Sent(Story.Topic, 9, 20)));

    [Fact]
    public void C1r_finds_an_acknowledged_reading_that_could_not_be_read_then()
    {
        Finds("C1r", "showed 1", Story.With(new Look(Story.Topic, 2, 1) { Client = "reader", Outcome = Outcome.Ok }));
        Finds("C1r", "showed nothing", Story.With(Story.Saw(null, 2, Outcome.Fail)));
        Assert.Empty(Story.Broken("C1r", Story.With(Story.Saw(null, 2, Outcome.Info)))); // nobody answered
    }

    [Fact]
    public void C2_finds_what_was_never_sent_and_what_was_changed()
    {
        Finds("C2", "has at 9", Story.With(Story.Stored(Story.Topic, 9, 99)));
        Finds("C2", "has at 9", Story.With(Story.Stored(Story.Topic, 9, 3) with { IsIntact = false }));
        Finds("C2", "has at 9", Story.With(Story.Stored(Story.Topic, 9, 3) with { Message = null }));
        Finds("C2", "has at 9", Story.With(Story.Stored(Story.State, 9, 2) with { Message = Story.Id(Story.Topic, 1) }));
    }

    [Fact]
    public void C3_finds_a_message_that_is_stored_twice() => Finds("C3", "is stored 2 times", Story.With(Story.Stored(Story.Topic, 4, 1)));

    [Fact]
    public void C4_finds_a_wrong_order_and_a_number_that_is_there_twice()
    {
        Finds("C4", "behind", Story.Instead(Story.Topic, Story.Stored(Story.Topic, 1, 2), Story.Stored(Story.Topic, 2, 1)));
        Finds("C4", "2 readings with the number 1", Story.Instead(Story.Topic, Story.Stored(Story.Topic, 1, 1), Story.Stored(Story.Topic, 1, 2)));
    }

    [Fact]
    public void C4_lets_what_was_sent_anew_come_later()
    {
        var again = Story.Good with { Operations = [.. Story.Good.Operations, Story.Sent(Story.Topic, 1, 3)] };
        Assert.Empty(Story.Broken("C4", again with { Stored = [Story.Stored(Story.Topic, 1, 2), Story.Stored(Story.Topic, 2, 1)] }));
    }

    [Fact]
    public void C5_finds_what_was_refused_and_is_stored_or_delivered()
    {
        Finds("C5", "is stored", Story.With(Story.Stored(Story.Forged, 1, 1)));
        Finds("C5", "is delivered", Story.WithSubscriber(new Subscriber("x", "default", ["devices/#"], Qos.AtLeastOnce, null, [Story.Arrived(Story.Forged, 1)])));
    }

    [Fact]
    public void C6_finds_what_is_missing_doubled_or_out_of_order()
    {
        Finds("C6", "exact never got", Story.WithSubscriber(Story.Listening("exact", Qos.ExactlyOnce, null, 1)));
        Finds("C6", "exact got default:devices/d1/t#2 2 times", Story.WithSubscriber(Story.Listening("exact", Qos.ExactlyOnce, null, 1, 2, 2)));
        Finds("C6", "behind 2", Story.WithSubscriber(Story.Listening("exact", Qos.ExactlyOnce, null, 2, 1)));
        Finds("C6", "least never got", Story.WithSubscriber(Story.Listening("least", Qos.AtLeastOnce, null, 1)));
    }

    [Fact]
    public void C6_finds_what_a_group_got_twice_or_not_at_all()
    {
        Finds("C6", "the group g got default:devices/d1/t#1 2 times", Story.WithSubscriber(Story.Listening("b", Qos.ExactlyOnce, "g", 2, 1)));
        Finds("C6", "the group g never got", Story.WithSubscriber(Story.Listening("b", Qos.ExactlyOnce, "g")));
    }

    [Fact]
    public void C7_finds_a_session_that_is_gone_and_a_client_that_is_refused()
    {
        Finds("C7", "gone", Story.Good with { Resumptions = [new Resumption(Story.Second(1), "d1", SessionPresent: false)] });
        Finds("C7", "NotAuthorized", Story.Good with { Resumptions = [new Resumption(Story.Second(1), "d1", true, "NotAuthorized")] });
    }

    [Fact]
    public void C8_finds_a_retained_message_that_is_too_old_missing_or_foreign()
    {
        Finds("C8", "and 2 was acknowledged", Story.Good with { Retained = [new Retained("default", Story.State, Story.Id(Story.State, 1))] });
        Finds("C8", "retains nothing", Story.Good with { Retained = [new Retained("default", Story.State, null)] });
        Finds("C8", "retains", Story.Good with { Retained = [new Retained("default", Story.State, Story.Id(Story.State, 77))] });
    }

    [Fact]
    public void C9_finds_a_value_that_went_back_and_one_that_nobody_wrote()
    {
        Finds("C9", "was 1", Story.With(Story.Read(1, 30)));
        Finds("C9", "which nobody had written", Story.With(Story.Read(9, 30)));
        Assert.Empty(Story.Broken("C9", Story.With(Story.Wrote(3, 20, Outcome.Info), Story.Read(3, 30)))); // its answer was lost
        Finds("C9", "had been 3 before", Story.With(Story.Wrote(3, 20, Outcome.Info), Story.Read(3, 30), Story.Read(2, 40)));
    }

    [Fact]
    public void C10_finds_a_command_that_went_astray() => Finds(
        "C10", "d2 got default:devices/d1/cmd#1",
        Story.WithSubscriber(new Subscriber("d2", "default", ["devices/d2/cmd"], Qos.AtLeastOnce, null, [Story.Arrived(Story.Command, 1)])));

    [Fact]
    public void C11_finds_what_is_another_tenants()
    {
        var foreign = new MessageId("other", Story.Topic, 1);
        Finds("C11", "got other:", Story.WithSubscriber(new Subscriber("x", "default", ["#"], Qos.AtLeastOnce, null, [new Arrival(Story.Topic, foreign)])));
        Finds("C11", "reads other:", Story.With(Story.Stored(Story.Topic, 9, 1) with { Message = foreign }));
        Finds("C11", "is told other:", Story.Good with { Retained = [new Retained("default", Story.State, foreign)] });
    }

    [Fact]
    public void C12_finds_what_took_longer_than_is_promised()
    {
        var plan = new FaultPlan("F01", FaultKind.Kill, "silo", Story.Second(5));
        var injection = new Injection(new Fault(Story.Second(10), plan, "silo-1", TimeSpan.Zero), Story.Second(10), Story.Second(11));
        Recovery Took(int messages, int requests) => new(injection, Story.Second(1), 3, Story.Second(messages), Story.Second(requests));
        Assert.Empty(Story.Broken("C12", Story.Good with { Recoveries = [Took(5, 5)] }));
        Finds("C12", "until 6.0 s", Story.Good with { Recoveries = [Took(6, 1)] });
        Finds("C12", "until 7.0 s", Story.Good with { Recoveries = [Took(1, 7)] });
        var stopped = injection with { Fault = injection.Fault with { Duration = Story.Second(10) } };
        Assert.Empty(Story.Broken("C12", Story.Good with { Recoveries = [Took(14, 1) with { Injection = stopped }] }));
    }

    [Fact]
    public void C13_finds_what_grows()
    {
        Finds("C13", "memory", Story.Good with { Usages = [new Usage("silo-1", Usages.Memory, 200L << 20, 800L << 20)] });
        Finds("C13", "open files", Story.Good with { Usages = [new Usage("silo-1", Usages.Files, 200, 900)] });
    }

    [Theory]
    [InlineData("Unhandled exception. System.InvalidOperationException: no")]
    [InlineData("2026-01-01T00:00:00.000Z crit: Orleans.Runtime.Catalog[1] something")]
    [InlineData("2026-01-01T00:00:00.000Z fail: a.B[1] failed System.NullReferenceException: Object reference")]
    [InlineData("2026-01-01 00:00:00 UTC [1] ERROR:  invalid page in block 3 of relation base/1/2")]
    [InlineData("FATAL EXCEPTION from Orleans.Runtime.Scheduler. Context: something")]
    public void C14_finds_what_nobody_expects_in_a_log(string line) =>
        Finds("C14", line[..10], Story.Good with { Log = [new LogLine("silo-1", line)] });

    [Theory]
    [InlineData("FATAL EXCEPTION from MembershipTableManager. Context: I have been told I am dead, so this silo will stop!")]
    [InlineData("2026-01-01T00:00:00.000Z warn: Orleans.Runtime.MembershipService.SiloHealthMonitor[1] Indirect probe request failed. System.ObjectDisposedException: no")]
    public void C14_lets_a_silo_end_that_the_others_took_for_dead_and_Orleans_warn_of_what_it_gets_over(string line) =>
        Assert.Empty(Story.Broken("C14", Story.Good with { Log = [new LogLine("silo-1", line)] }));

    [Fact]
    public void C14_finds_a_damaged_store() => Finds("C14", "integrity", Story.Good with { Damage = ["integrity_check: row 3 missing"] });

    [Fact]
    public void HTTP_finds_an_answer_that_does_not_say_try_again()
    {
        Finds("HTTP", "was answered 500", Story.With(Story.Asked(500)));
        Finds("HTTP", "was answered 401", Story.With(Story.Asked(401)));
        Finds("HTTP", "was answered nothing", Story.With(Story.Asked(null)));
    }

    [Fact]
    public void HTTP_expects_no_answer_of_a_gateway_that_is_gone()
    {
        var plan = new FaultPlan("F02", FaultKind.Kill, "gateway", Story.Second(5));
        var gone = new Injection(new Fault(Story.Second(10), plan, "gateway-1", TimeSpan.Zero), Story.Second(10), Story.Second(11));
        Assert.Empty(Story.Broken("HTTP", Story.With(Story.Asked(null, at: 12)) with { Faults = [gone] }));
        Finds("HTTP", "nothing", Story.With(Story.Asked(null, at: 60)) with { Faults = [gone] });
        Finds("HTTP", "nothing", Story.With(Story.Asked(null, at: 5)) with { Faults = [gone] });
    }

    [Fact]
    public void MQTT_is_what_the_clients_complained_of() => Finds("MQTT", "PUBACK", Story.Good with { Protocol = ["PUBACK 7 is not due."] });

    private static void Finds(string checker, string what, Evidence evidence) =>
        Assert.Contains(Story.Broken(checker, evidence), sentence => sentence.Contains(what, StringComparison.Ordinal));
}

using System.Text.Json;
using OrleansIoT.Faults.Recording;
using OrleansIoT.Faults.Tests.Checkers;

namespace OrleansIoT.Faults.Tests.Recording;

public sealed class LedgerTests
{
    [Fact]
    public void What_is_begun_is_unknown_until_it_has_ended()
    {
        using var ledger = new Ledger();
        var first = ledger.Begin(Story.Sent(Story.Topic, 1, 0));
        ledger.Begin(Story.Sent(Story.Topic, 2, 0));
        ledger.End(first, Outcome.Ok, "Success");

        Assert.Equal([Outcome.Ok, Outcome.Info], ledger.Operations.Select(operation => operation.Outcome));
        Assert.NotNull(ledger.Operations[0].Ended);
        Assert.Null(ledger.Operations[1].Ended);
    }

    [Fact]
    public void The_file_has_a_line_before_it_is_sent_and_one_after()
    {
        var path = Path.GetTempFileName();
        using (var ledger = new Ledger(path))
        {
            var operation = ledger.Begin(Story.Sent(Story.Topic, 7, 0));
            ledger.Note("begins: a fault");
            ledger.End(operation, Outcome.Fail, "NotAuthorized");
        }

        var lines = File.ReadLines(path).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(3, lines.Count);
        Assert.Equal("invoke", lines[0].GetProperty("is").GetString());
        Assert.Equal(7, lines[0].GetProperty("what").GetProperty("Message").GetProperty("Number").GetInt64());
        Assert.Equal("begins: a fault", lines[1].GetProperty("note").GetString());
        Assert.Equal("fail", lines[2].GetProperty("is").GetString());
        File.Delete(path);
    }

    [Fact]
    public void A_payload_says_which_message_it_is_and_whether_it_was_changed()
    {
        var text = Payload.Of(Story.Id(Story.Topic, 7), DateTimeOffset.UnixEpoch);
        Assert.Equal((Story.Id(Story.Topic, 7), true), Payload.Read(text));
        Assert.Equal((Story.Id(Story.Topic, 8), false), Payload.Read(text.Replace("\"n\":7", "\"n\":8", StringComparison.Ordinal)));
        Assert.Null(Payload.Read("21.5"));
        Assert.Null(Payload.Read("no JSON"));
    }
}

using OrleansIoT.Benchmarks.Trust.Processes;
using OrleansIoT.Identity;

namespace OrleansIoT.Benchmarks.Trust.Schemes;

/// <summary>
/// A hop of ours behind the gateway: the caller is read, is not over, and is believed as it is; or, with keys, verified by the
/// product's code as a silo does. What goes on is written anew, in its envelope while that is fresh.
/// </summary>
internal sealed class PassedCaller(string name, Sealer? sealer, bool isMutualTls) : Scheme(name, isMutualTls)
{
    public override ValueTask<Credential?> Receive(IHeaderDictionary headers)
    {
        if (headers[CallerText.Header] is not [{ } text] || CallerText.Read(text) is not var (caller, envelope)
            || caller.ExpiresAt <= DateTimeOffset.UtcNow)
        {
            return default;
        }

        if (sealer is null)
        {
            return new(new Credential(CallerText.Header, null, new Received(caller, null)));
        }

        Counters.EnvelopeChecked();
        return sealer.Keys.Fault(envelope) is null ? new(new Credential(CallerText.Header, null, new Received(caller, envelope))) : default;
    }

    public override ValueTask<Credential> ForNext(Credential received)
    {
        var (caller, envelope) = (Received)received.Content!;
        return new(received with
        {
            Value = CallerText.Write(caller, sealer is null || sealer.Keys.IsFresh(envelope) ? envelope : sealer.Keys.Seal(caller)),
        });
    }

    private sealed record Received(Caller Caller, CallerEnvelope? Envelope);
}

namespace OrleansIoT.Benchmarks.Trust.Schemes;

/// <summary>The floor: the same requests and hops, and nobody asks who calls. The token ends at the gateway, unread.</summary>
internal sealed class Unchecked(string name) : Scheme(name)
{
    public override ValueTask<Credential?> Receive(IHeaderDictionary headers) => new(default(Credential));
}

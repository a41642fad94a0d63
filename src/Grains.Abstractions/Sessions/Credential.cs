using System.Collections.Immutable;

namespace OrleansIoT.Sessions;

public enum CredentialKind
{
    /// <summary>A device's key, as its registration gave it.</summary>
    Key = 1,

    /// <summary>A token of ours, checked at the edge: a user's, or a device's that names the credential it was made from.</summary>
    Token,

    /// <summary>A client certificate, checked in the TLS handshake.</summary>
    Certificate,

    /// <summary>Nothing was shown, and the edge takes that.</summary>
    None,
}

/// <summary>What a client showed at CONNECT.</summary>
/// <param name="Kind">What it is, and so who has checked it.</param>
/// <param name="Secret">The key; or the credential that a device's token names; else null.</param>
/// <param name="Grants">What somebody who shows nothing may publish and subscribe to; else empty.</param>
[GenerateSerializer, Immutable, Alias("iot.Credential")]
public sealed record Credential(
    [property: Id(0)] CredentialKind Kind,
    [property: Id(1)] string? Secret,
    [property: Id(2)] ImmutableArray<string> Grants)
{
    /// <summary>A record would print the key.</summary>
    public override string ToString() => $"Credential {{ {Kind} }}";
}

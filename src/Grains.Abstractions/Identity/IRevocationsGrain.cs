using System.Collections.Immutable;
using Orleans.Concurrency;

namespace OrleansIoT.Identity;

/// <summary>What was said since somebody last asked.</summary>
/// <param name="Epoch">Another one than before: what was said in between is lost, and may have been about anybody.</param>
/// <param name="Version">Grows with each revocation of an epoch.</param>
/// <param name="Holders">About whom: <c>{tenant}/{subject}</c>, or <c>{tenant}/</c> for everybody of a tenant.</param>
/// <param name="IsComplete">False: there were too many, and it may have been anybody.</param>
[GenerateSerializer, Immutable, Alias("iot.RevokedSince")]
public sealed record RevokedSince(
    [property: Id(0)] Guid Epoch,
    [property: Id(1)] long Version,
    [property: Id(2)] ImmutableArray<string> Holders,
    [property: Id(3)] bool IsComplete);

/// <summary>
/// Whose rights have changed, for gateways that remember whom they have let in: one grain, which every gateway asks every
/// second. It says only of whom to think again; the truth is in the holder's own grain, so nothing here has to be durable.
/// </summary>
[Alias("iot.IRevocationsGrain")]
public interface IRevocationsGrain : IGrainWithStringKey
{
    /// <summary>Somebody may less than before: signed out, deactivated, deleted, with other roles.</summary>
    /// <param name="holder"><c>{tenant}/{subject}</c>, or <c>{tenant}/</c> for everybody of a tenant.</param>
    [Alias("Revoke")]
    Task Revoke(string holder);

    /// <param name="epoch">The <see cref="RevokedSince.Epoch"/> of the last answer, or the empty one.</param>
    /// <param name="version">Its <see cref="RevokedSince.Version"/>.</param>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("Since")]
    Task<RevokedSince> Since(Guid epoch, long version);
}

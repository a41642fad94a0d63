using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>The last revocations, in memory. An activation anew is a new epoch, and every gateway thinks again of everybody.</summary>
public sealed class RevocationsGrain : TenantGrain, IRevocationsGrain
{
    /// <summary>More in a second than there are here, and gateways think again of everybody.</summary>
    private const int Capacity = 4_096;

    private readonly Guid _epoch = Guid.NewGuid();
    private readonly string[] _holders = new string[Capacity];
    private long _version;

    public Task Revoke(string holder)
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        _holders[_version++ % Capacity] = holder;
        return Task.CompletedTask;
    }

    public Task<RevokedSince> Since(Guid epoch, long version)
    {
        Demand(Permissions.MayCheckCredentials);
        if (epoch != _epoch || version < _version - Capacity || version > _version)
        {
            return Task.FromResult(new RevokedSince(_epoch, _version, [], IsComplete: false));
        }

        var holders = ImmutableArray.CreateBuilder<string>((int)(_version - version));
        for (var i = version; i < _version; i++)
        {
            holders.Add(_holders[i % Capacity]);
        }

        return Task.FromResult(new RevokedSince(_epoch, _version, holders.ToImmutable(), IsComplete: true));
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such list.");
}

using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>What is stored of a tenant's administrators: their ids.</summary>
[GenerateSerializer, Alias("iot.AdministratorsState")]
public sealed record AdministratorsState
{
    [Id(0)] public ImmutableArray<string> Ids { get; init; } = [];
}

public sealed class AdministratorsGrain([PersistentState("administrators")] IPersistentState<AdministratorsState> state)
    : TenantGrain, IAdministratorsGrain
{
    public async Task Join(string userId)
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        if (!state.State.Ids.Contains(userId))
        {
            state.State = new AdministratorsState { Ids = state.State.Ids.Add(userId) };
            await Durably(state.WriteStateAsync);
        }
    }

    public async Task Leave(string userId)
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        var others = state.State.Ids.Remove(userId);
        if (others.IsEmpty)
        {
            throw new FailureException(Failure.Conflict, "This is the tenant's last active administrator: make another one first.");
        }

        if (others.Length < state.State.Ids.Length)
        {
            state.State = new AdministratorsState { Ids = others };
            await Durably(state.WriteStateAsync);
        }
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such list.");
}

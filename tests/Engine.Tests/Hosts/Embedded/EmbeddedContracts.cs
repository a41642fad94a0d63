using OrleansIoT.Engine.Tests.Contract;

namespace OrleansIoT.Engine.Tests.Hosts.Embedded;

public sealed class EmbeddedTurns(EmbeddedEngine engine) : TurnContract(engine), IClassFixture<EmbeddedEngine>
{
    protected override int MostSilos => 1;
}

public sealed class EmbeddedContext(EmbeddedEngine engine) : ContextContract(engine), IClassFixture<EmbeddedEngine>;

public sealed class EmbeddedFilters(FilteredEmbeddedEngine engine) : FilterContract(engine), IClassFixture<FilteredEmbeddedEngine>;

public sealed class EmbeddedTimeLimits(EmbeddedEngine engine) : TimeLimitContract(engine), IClassFixture<EmbeddedEngine>;

public sealed class EmbeddedLife(EmbeddedEngine engine) : LifeContract(engine), IClassFixture<EmbeddedEngine>
{
    protected override Task<int> Insist(Func<Task<int>> call) => call();
}

public sealed class EmbeddedTimers(EmbeddedEngine engine) : TimerContract(engine), IClassFixture<EmbeddedEngine>;

public sealed class EmbeddedState(EmbeddedEngine engine) : StateContract(engine), IClassFixture<EmbeddedEngine>;

public sealed class EmbeddedObservers(EmbeddedEngine engine) : ObserverContract(engine), IClassFixture<EmbeddedEngine>
{
    protected override void AssertHeard(int count, Listener listener) =>
        Assert.Equal(Enumerable.Range(0, count), listener.Heard);
}

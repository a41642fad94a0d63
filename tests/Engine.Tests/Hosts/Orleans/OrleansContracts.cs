using OrleansIoT.Engine.Tests.Contract;

namespace OrleansIoT.Engine.Tests.Hosts.Orleans;

public sealed class OneSiloTurns(OneSilo engine) : TurnContract(engine), IClassFixture<OneSilo>
{
    protected override int MostSilos => 1;
}

public sealed class OneSiloContext(OneSilo engine) : ContextContract(engine), IClassFixture<OneSilo>;

public sealed class OneSiloFilters(OneSilo engine) : FilterContract(engine), IClassFixture<OneSilo>;

public sealed class OneSiloTimeLimits(OneSilo engine) : TimeLimitContract(engine), IClassFixture<OneSilo>;

public sealed class OneSiloLife(OneSilo engine) : LifeContract(engine), IClassFixture<OneSilo>;

public sealed class OneSiloTimers(OneSilo engine) : TimerContract(engine), IClassFixture<OneSilo>;

public sealed class OneSiloState(OneSilo engine) : StateContract(engine), IClassFixture<OneSilo>;

public sealed class OneSiloObservers(OneSilo engine) : ObserverContract(engine), IClassFixture<OneSilo>;

public sealed class ThreeSilosTurns(ThreeSilos engine) : TurnContract(engine), IClassFixture<ThreeSilos>
{
    protected override int MostSilos => 3;
}

public sealed class ThreeSilosContext(ThreeSilos engine) : ContextContract(engine), IClassFixture<ThreeSilos>;

public sealed class ThreeSilosFilters(ThreeSilos engine) : FilterContract(engine), IClassFixture<ThreeSilos>;

public sealed class ThreeSilosTimeLimits(ThreeSilos engine) : TimeLimitContract(engine), IClassFixture<ThreeSilos>;

public sealed class ThreeSilosLife(ThreeSilos engine) : LifeContract(engine), IClassFixture<ThreeSilos>;

public sealed class ThreeSilosTimers(ThreeSilos engine) : TimerContract(engine), IClassFixture<ThreeSilos>;

public sealed class ThreeSilosState(ThreeSilos engine) : StateContract(engine), IClassFixture<ThreeSilos>;

public sealed class ThreeSilosObservers(ThreeSilos engine) : ObserverContract(engine), IClassFixture<ThreeSilos>;

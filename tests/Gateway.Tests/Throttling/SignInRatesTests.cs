using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Throttling;

namespace OrleansIoT.Gateway.Tests.Throttling;

public sealed class SignInRatesTests
{
    private const string Network = "192.0.2.7";

    private readonly ManualClock _clock = new();
    private readonly SignInRates _rates;

    public SignInRatesTests() => _rates = new SignInRates(_clock, maxNetworks: 100);

    [Fact]
    public void After_ten_failures_each_one_doubles_the_wait_up_to_a_minute()
    {
        for (var i = 0; i < SignInRates.Free; i++)
        {
            Assert.Equal(0, Fail());
        }

        var waits = new List<double>();
        for (var i = 0; i < 9; i++)
        {
            waits.Add(Fail());
            _clock.Advance(TimeSpan.FromSeconds(waits[^1]));
            Assert.Equal(0, Fail());
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60, 60], waits);
    }

    [Fact]
    public void Who_tries_during_the_wait_does_not_make_it_longer()
    {
        FailTimes(12);
        Assert.Equal(4, Fail(), 1);

        for (var i = 0; i < 1_000; i++)
        {
            Assert.InRange(Fail(), 0.001, 4);
        }

        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.NotNull(Begin());
    }

    [Fact]
    public void A_success_costs_nothing()
    {
        for (var i = 0; i < 1_000; i++)
        {
            _rates.End(Begin()!, counts: false);
        }

        Assert.Equal(0, _rates.Count);
        Assert.Equal(0, Fail());
    }

    [Fact]
    public void A_thousand_at_once_are_not_freer_than_ten()
    {
        var going = Enumerable.Range(0, 1_000).Select(_ => Begin()).OfType<SignInRates.Try>().ToList();

        Assert.Equal(SignInRates.Free, going.Count);
        going.ForEach(begun => _rates.End(begun, counts: true));
        Assert.Equal(1, Fail());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(Begin());
        Assert.Null(Begin()); // one at a time from then on
    }

    [Fact]
    public void Ten_minutes_without_a_failure_are_forgiven()
    {
        FailTimes(20);
        _clock.Advance(TimeSpan.FromMinutes(10));

        for (var i = 0; i < SignInRates.Free; i++)
        {
            Assert.Equal(0, Fail());
        }

        Assert.Equal(1, Fail());
    }

    [Fact]
    public void Another_network_is_not_concerned()
    {
        FailTimes(20);

        Assert.NotEqual(0, Fail());
        Assert.NotNull(_rates.Begin("192.0.2.8", out _));
    }

    [Fact]
    public void A_flood_of_networks_takes_no_more_memory_than_the_limit_and_forgets_none_that_waits()
    {
        FailTimes(20);
        for (var i = 0; i < 10_000; i++)
        {
            if (_rates.Begin($"flood {i}", out _) is { } begun)
            {
                _rates.End(begun, counts: true);
            }
        }

        Assert.Equal(100, _rates.Count);
        Assert.NotEqual(0, Fail());
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.NotNull(_rates.Begin("new", out _));
        Assert.Equal(1, _rates.Count);
    }

    private SignInRates.Try? Begin() => _rates.Begin(Network, out _);

    /// <summary>Tries, and fails if it may.</summary>
    /// <returns>How many seconds it has to wait; 0 if it did not.</returns>
    private double Fail()
    {
        if (_rates.Begin(Network, out var wait) is { } begun)
        {
            _rates.End(begun, counts: true);
        }

        return wait.TotalSeconds;
    }

    /// <summary>Fails so often, with as long between as it takes.</summary>
    private void FailTimes(int times)
    {
        for (var failed = 0; failed < times;)
        {
            var wait = Fail();
            _clock.Advance(TimeSpan.FromSeconds(wait));
            failed += wait == 0 ? 1 : 0;
        }
    }
}

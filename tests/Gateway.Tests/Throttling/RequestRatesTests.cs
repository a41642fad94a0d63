using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Throttling;

namespace OrleansIoT.Gateway.Tests.Throttling;

public sealed class RequestRatesTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void A_burst_is_admitted_and_then_as_many_as_the_rate_says()
    {
        var rates = new RequestRates(_clock, rate: 2, burst: 5);

        Assert.Equal(5, Enumerable.Range(0, 9).Count(_ => rates.Take("a").IsAdmitted));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Enumerable.Range(0, 9).Count(_ => rates.Take("a").IsAdmitted));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, Enumerable.Range(0, 9).Count(_ => rates.Take("a").IsAdmitted));
    }

    [Fact]
    public void It_says_what_is_left_and_when_there_is_more()
    {
        var rates = new RequestRates(_clock, rate: 2, burst: 5);

        Assert.Equal(new Allowance(true, 4, 0, 1), rates.Take("a"));
        Assert.Equal(new Allowance(true, 3, 0, 1), rates.Take("a"));
        Assert.Equal(new Allowance(true, 2, 0, 2), rates.Take("a"));
        rates.Take("a");
        Assert.Equal(new Allowance(true, 0, 0, 3), rates.Take("a"));
        Assert.Equal(new Allowance(false, 0, 1, 3), rates.Take("a"));
    }

    [Fact]
    public void Callers_do_not_take_from_one_another()
    {
        var rates = new RequestRates(_clock, rate: 1, burst: 1);

        Assert.True(rates.Take("a").IsAdmitted);
        Assert.False(rates.Take("a").IsAdmitted);
        Assert.True(rates.Take("b").IsAdmitted);
    }

    [Fact]
    public void A_flood_of_callers_takes_no_more_memory_than_the_limit_and_nothing_from_those_before_it()
    {
        var rates = new RequestRates(_clock, rate: 1, burst: 3, most: 100);
        rates.Take("known");

        var admitted = Enumerable.Range(0, 100_000).Count(i => rates.Take($"flood {i}").IsAdmitted);

        Assert.Equal(101, rates.Count);
        Assert.Equal(99 + 3, admitted); // those that came in, and the bucket that the others share
        Assert.Equal(1, rates.Take("known").Left);
    }

    [Fact]
    public void Who_has_rested_makes_room()
    {
        var rates = new RequestRates(_clock, rate: 1, burst: 3, most: 100);
        for (var i = 0; i < 200; i++)
        {
            rates.Take($"flood {i}");
        }

        _clock.Advance(TimeSpan.FromSeconds(3));
        rates.Take("new");

        Assert.Equal(1, rates.Count);
    }
}

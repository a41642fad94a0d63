using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Topics;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Topics;

/// <summary>A silo of a cluster, as its grains see it; nobody else is there.</summary>
public sealed class LeaseTests : GrainTest
{
    protected override void Configure(WebApplicationBuilder builder) =>
        builder.Services.AddSingleton<IIncomingGrainCallFilter, LeaseFilter>();

    [Fact]
    public async Task A_silo_that_is_not_heard_answers_nothing_until_it_is_heard_again()
    {
        await Register("meter");
        var routes = Host.Services.GetRequiredService<Routes>();
        routes.BelongTo(new Alone());

        var asked = Get("meter");
        Assert.NotSame(asked, await Task.WhenAny(asked, Task.Delay(TimeSpan.FromMilliseconds(300))));

        routes.Renew(long.MaxValue);
        Assert.Equal("meter", (await asked).Id);
    }

    [Fact]
    public async Task What_the_route_table_tells_it_it_takes_all_the_same_because_it_is_not_heard_before()
    {
        Host.Services.GetRequiredService<Routes>().BelongTo(new Alone());
        var replica = new Replica();
        Caller.System(GrainKey.SystemTenant, "routes").Enter();
        await Grains.CreateObjectReference<IRouteReplica>(replica).Apply(7, []);
        Assert.Equal(7, replica.Epoch);
    }

    [Fact]
    public async Task Who_asks_a_silo_that_is_not_heard_in_time_is_told_to_try_again()
    {
        await Register("meter");
        Host.Services.GetRequiredService<Routes>().BelongTo(new Alone());
        await Refused(Failure.Unavailable, () => Get("meter"));
    }

    private sealed class Replica : IRouteReplica
    {
        public long Epoch { get; private set; }

        public Task Apply(long epoch, ImmutableArray<RouteEntry> entries)
        {
            Epoch = epoch;
            return Task.CompletedTask;
        }
    }
}

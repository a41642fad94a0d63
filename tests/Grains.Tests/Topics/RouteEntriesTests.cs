using System.Collections.Immutable;
using OrleansIoT.Grains.Topics;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Topics;

/// <summary>What silos say to each other of sessions comes in any order, late and twice, and all of them end with the same routes.</summary>
public sealed class RouteEntriesTests
{
    private static readonly string[] Filters = ["a", "a/+", "#", "$share/g/a", "$share/g/#"];

    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whoever_hears_everything_has_the_same_routes_in_whatever_order_it_hears(int seed)
    {
        var random = new Random(seed);
        var edge = new NoEdge();
        var origin = new TenantRoutes("t");
        var sessions = new Dictionary<string, SessionRoute>();
        var said = new List<RouteEntry>();
        for (var step = 0; step < 500; step++)
        {
            var name = $"d{random.Next(5)}/c";
            if (!sessions.TryGetValue(name, out var route))
            {
                sessions[name] = route = origin.Open(name, isDurable: name[1] % 2 == 0, edge, $"c{step}", []);
            }

            switch (random.Next(5))
            {
                case 0:
                    origin.Unsubscribe(route, Filters[random.Next(Filters.Length)]);
                    break;
                case 1 when route.IsDurable:
                    origin.Close(route);
                    break;
                case 2:
                    origin.Remove(route);
                    sessions.Remove(name);
                    break;
                default:
                    if (route.Live is null)
                    {
                        origin.Open(name, route.IsDurable, edge, $"c{step}", []);
                    }

                    origin.Subscribe(route, new Subscription(Filters[random.Next(Filters.Length)], (Qos)random.Next(3)));
                    break;
            }

            if (origin.Stamped(route, "silo", Noon.AddSeconds(random.Next(2))) is { } entry)
            {
                said.Add(entry);
            }
        }

        var copy = new TenantRoutes("t");
        foreach (var entry in said.Concat(said.Where(_ => random.Next(3) == 0)).OrderBy(_ => random.Next()))
        {
            copy.Apply(entry, entry.Session[2..]);
        }

        foreach (var topic in new[] { "a", "a/b", "c" })
        {
            Assert.Equal(Words(origin.Match(topic)), Words(copy.Match(topic)));
        }
    }

    [Fact]
    public void A_session_that_subscribes_to_nothing_is_nobodys_business()
    {
        var routes = new TenantRoutes("t");
        var route = routes.Open("d/c", false, new NoEdge(), "c", []);
        Assert.Null(routes.Stamped(route, "silo", Noon));
        routes.Subscribe(route, new Subscription("a", Qos.AtMostOnce));
        Assert.Single(routes.Stamped(route, "silo", Noon)!.Subscriptions);
        routes.Unsubscribe(route, "a");
        Assert.Empty(routes.Stamped(route, "silo", Noon)!.Subscriptions); // which has to be said
        Assert.Null(routes.Stamped(route, "silo", Noon));
    }

    [Fact]
    public void What_comes_late_does_not_bring_back_a_session_that_is_over()
    {
        var routes = new TenantRoutes("t");
        var route = routes.Open("d/c", false, new NoEdge(), "c", []);
        routes.Subscribe(route, new Subscription("a", Qos.AtMostOnce));
        var late = routes.Stamped(route, "silo", Noon)!;
        routes.Remove(route);
        var over = routes.Stamped(route, "silo", Noon)!;

        var copy = new TenantRoutes("t");
        copy.Apply(over, "d/c");
        copy.Apply(late, "d/c");

        Assert.True(copy.Match("a").IsEmpty);
    }

    private static IEnumerable<string> Words(Audience audience) =>
    [
        $"{audience.Edges.Length} edges",
        .. audience.Recipients.Select(recipient => $"{recipient.Session.Name} {recipient.TermsFor("")!.MaximumQos} {recipient.Session.Live?.ConnectionId}").Order(),
        .. audience.Shares.SelectMany(share => share.Members)
            .Select(member => $"{member.Subscription.Filter} {member.Session.Name} {member.Session.Live?.ConnectionId}").Order(),
    ];

    private sealed class NoEdge : IEdge
    {
        public Task Deliver(ImmutableArray<Delivery> deliveries, long number) => Task.CompletedTask;

        public Task End(string connectionId, ConnectionEnd why) => Task.CompletedTask;
    }
}

using System.Collections.Immutable;
using OrleansIoT.Grains.Topics;
using OrleansIoT.Sessions;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Topics;

public sealed class RoutesTests
{
    private static readonly string[] Filters =
        ["a", "a/b", "a/+", "+/b", "#", "a/#", "+", "$x/a", "$x/#", "$share/g/a/+", "$share/g/#", "$share/h/a/b"];

    private static readonly string[] Topics = ["a", "b", "a/b", "a/c", "c/b", "a/b/c", "$x/a"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_matches_is_what_a_plain_list_of_subscriptions_says(int seed)
    {
        var random = new Random(seed);
        var routes = new TenantRoutes("t");
        IEdge[] edges = [new NoEdge(), new NoEdge()];
        var model = new Dictionary<string, Session>();
        for (var step = 0; step < 3_000; step++)
        {
            var name = $"d{random.Next(6)}/c";
            var filter = Filters[random.Next(Filters.Length)];
            var known = model.TryGetValue(name, out var session);
            switch (random.Next(6))
            {
                case 0 when !known:
                    var edge = random.Next(edges.Length);
                    var denied = random.Next(4) == 0 ? Topics[random.Next(Topics.Length)] : null;
                    var isDurable = random.Next(2) == 0;
                    var route = routes.Open(name, isDurable, edges[edge], "c", denied is null ? [] : [denied]);
                    model.Add(name, new Session(route, isDurable, denied) { Edge = edges[edge] });
                    break;
                case 1 when known && session!.IsDurable && session.Edge is not null:
                    routes.Close(session.Route);
                    session.Edge = null;
                    break;
                case 2 when known && session!.Edge is null:
                    session.Edge = edges[random.Next(edges.Length)];
                    Assert.Same(session.Route, routes.Open(name, true, session.Edge, "c", session.Route.Denied));
                    break;
                case 3 when known && random.Next(5) == 0:
                    routes.Remove(session!.Route);
                    model.Remove(name);
                    break;
                case 4 when known:
                    Assert.Equal(session!.Filters.Remove(filter), routes.Unsubscribe(session.Route, filter) is not null);
                    break;
                case 5 when known:
                    Assert.NotEqual(
                        session!.Filters.Add(filter), routes.Subscribe(session.Route, new Subscription(filter, Qos.AtLeastOnce)) is not null);
                    break;
                default:
                    break;
            }

            Compare(routes, model, Topics[random.Next(Topics.Length)]);
        }
    }

    [Fact]
    public void A_version_stands_as_long_as_nothing_that_matters_has_changed()
    {
        var routes = new TenantRoutes("t");
        var before = routes.Version;
        var session = routes.Open("d/c", false, new NoEdge(), "c", []);
        Assert.Equal(before, routes.Version); // it subscribes to nothing
        routes.Subscribe(session, new Subscription("a", Qos.AtMostOnce));
        Assert.NotEqual(before, routes.Version);
        Assert.Equal(routes.Version, routes.Match("b").Version);
        Assert.True(routes.Match("b").IsEmpty);
        routes.Remove(session);
        Assert.True(routes.Match("a").IsEmpty);
    }

    private static void Compare(TenantRoutes routes, Dictionary<string, Session> model, string topic)
    {
        var audience = routes.Match(topic);
        var edges = model.Values
            .Where(session => session.Edge is not null && session.Matching(topic).Any())
            .Select(session => session.Edge!).ToHashSet();
        Assert.True(edges.SetEquals(audience.Edges.Select(route => route.Edge)));

        var durable = model.Values
            .Where(session => session.IsDurable && session.Denied != topic && session.Matching(topic).Any())
            .Select(session => session.Route.Name).Order();
        Assert.Equal(durable, audience.Recipients.Select(recipient => recipient.Session.Name).Order());

        var shares = model.Values
            .Where(session => session.Denied != topic)
            .SelectMany(session => session.Filters
                .Where(filter => SharedFilter.TryParse(filter, out var shared) && TopicFilter.Matches(shared.Filter, topic))
                .Select(filter => $"{filter} {session.Route.Name}")).Order();
        Assert.Equal(shares, audience.Shares.SelectMany(share => share.Members)
            .Select(member => $"{member.Subscription.Filter} {member.Session.Name}").Order());
    }

    private sealed record Session(SessionRoute Route, bool IsDurable, string? Denied)
    {
        public HashSet<string> Filters { get; } = [];

        public IEdge? Edge { get; set; }

        public IEnumerable<string> Matching(string topic) => Filters.Where(
            filter => !SharedFilter.TryParse(filter, out _) && TopicFilter.Matches(filter, topic));
    }

    private sealed class NoEdge : IEdge
    {
        public Task Deliver(ImmutableArray<Delivery> deliveries, long number) => Task.CompletedTask;

        public Task End(string connectionId, ConnectionEnd why) => Task.CompletedTask;
    }
}

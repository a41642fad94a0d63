using System.Net;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>
/// Every route of the OpenAPI document, for every role, of its own tenant and of another (OWASP API1, API3 and API5:2023,
/// H02): who may is answered, who may not is refused and changes nothing, and another tenant's thing is not there.
/// </summary>
public sealed class RouteTests(TwoTenants world) : IClassFixture<TwoTenants>
{
    public static TheoryData<string> Routes => [.. RouteRules.Of.Keys];

    [Fact]
    public async Task Every_route_has_a_rule_and_every_rule_a_route() =>
        Assert.Equal((await world.Routes()).Select(route => route.Name).Order(), RouteRules.Of.Keys.Order());

    [Fact]
    public async Task A_route_asks_for_a_token_in_the_document_unless_nobody_has_to_be_known()
    {
        foreach (var route in await world.Routes())
        {
            Assert.Equal(RouteRules.Of[route.Name] == Least.Nobody, !route.IsSecured);
        }
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_route_answers_who_may_and_nobody_else(string name)
    {
        var route = await world.Route(name);
        var least = RouteRules.Of[name];
        if (least == Least.Nobody)
        {
            var answer = await world.Send(route, world.Nobody, await world.Target(route, world.Nobody));
            Assert.True(answer.Status != HttpStatusCode.Forbidden && answer.Status < HttpStatusCode.InternalServerError, answer.Text);
            return;
        }

        var target = await world.Target(route, world.Victim);
        var before = await world.Look(route, target);
        Assert.Equal(HttpStatusCode.Unauthorized, (await world.Send(route, world.Nobody, target)).Status);
        foreach (var caller in world.Everybody.Where(caller => !May(caller, least)))
        {
            var answer = await world.Send(route, caller, target);
            Assert.True(answer.Status is HttpStatusCode.Forbidden or HttpStatusCode.NotFound, $"{caller.Name}: {(int)answer.Status} {answer.Text}");
        }

        // A route that names no thing is for what is one's own.
        foreach (var foreigner in world.Foreigners.Where(caller => May(caller, least) && (route.HasThing || least != Least.Self)))
        {
            var answer = await world.Send(route, foreigner, target);
            if (route.HasThing)
            {
                Assert.True(answer.Status == HttpStatusCode.NotFound, $"{foreigner.Name}: {(int)answer.Status} {answer.Text}");
            }
            else
            {
                Assert.DoesNotContain(TwoTenants.Canary, answer.Text, StringComparison.Ordinal);
            }
        }

        Assert.Equal(before, await world.Look(route, target));
        foreach (var caller in world.Natives.Append(world.Installation).Where(caller => May(caller, least)))
        {
            if (caller != world.Installation || least == Least.Installation)
            {
                var own = await world.Renewed(caller, route);
                var answer = await world.Send(route, own, await world.Target(route, own));
                Assert.True((int)answer.Status is >= 200 and < 300, $"{caller.Name}: {(int)answer.Status} {answer.Text}");
            }
        }
    }

    private static bool May(TestCaller caller, Least least) => least switch
    {
        Least.Self => caller.IsPerson,
        Least.Installation => caller.Tenant == "default" && caller.Role == Least.Admin,
        _ => caller.Role >= least,
    };
}

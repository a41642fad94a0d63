using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Audit;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Audit;

/// <summary>What is noted of which request.</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task A_change_is_noted_with_who_what_when_from_where_and_the_result()
    {
        await using var gateway = await GatewayHost.Start();
        var http = gateway.As(Roles.Operator, id: "u-7");

        await http.Post("/devices", """{"id": "meter-7"}""");
        await http.DeleteAsync("/devices/meter-7");
        await http.DeleteAsync("/devices/meter-7");

        var entries = gateway.Grains.Audit.ToList();
        Assert.Equal(
            new AuditEntry
            {
                Id = 1,
                At = gateway.Clock.GetUtcNow(),
                Tenant = "default",
                Actor = AuditActor.User,
                Subject = "u-7",
                Address = "127.0.0.1",
                Action = "RegisterDevice",
                ThingType = "device",
                ThingId = "meter-7",
                Status = 201,
            },
            entries[0]);
        Assert.Equal(("RemoveDevice", "device", "meter-7", AuditResult.Ok, 204), Of(entries[1]));
        Assert.Equal(("RemoveDevice", "device", "meter-7", AuditResult.Refused, 404), Of(entries[2]));
        Assert.Equal(("not_found", "There is no such thing."), (entries[2].Failure, entries[2].Reason));
        Assert.Equal(3, entries.Count);
    }

    [Fact]
    public async Task Reading_is_not_noted()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7");
        var http = gateway.As(Roles.Viewer);

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/devices/meter-7")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/devices/meter-8")).StatusCode);

        Assert.Empty(gateway.Grains.Audit);
    }

    [Fact]
    public async Task A_refusal_of_reading_is_noted()
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.As(Roles.Viewer).GetAsync("/users").IsProblem(403, "forbidden");
        await gateway.Http.GetAsync("/devices/meter-7").IsProblem(401, "not_signed_in");

        await Fixtures.Eventually.Is(() => gateway.Grains.Audit.Count == 2); // the answer does not wait for it
        var entries = gateway.Grains.Audit.ToList();
        Assert.Equal(("ListUsers", "", "", AuditResult.Refused, 403), Of(entries[0]));
        Assert.Equal(("GetDevice", "device", "meter-7", AuditResult.Refused, 401), Of(entries[1]));
        Assert.Equal((AuditActor.Nobody, "", "not_signed_in"), (entries[1].Actor, entries[1].Subject, entries[1].Failure));
    }

    [Fact]
    public async Task A_sign_in_is_noted_with_the_email_that_was_typed_and_so_is_one_that_fails()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("ada@example.org", "correct horse");

        await gateway.Http.Post("/auth/login", """{"email": "Ada@example.org", "password": "correct horse"}""");
        await gateway.Http.Post("/auth/login", """{"email": "ada@example.org", "password": "wrong horse"}""");
        await gateway.Http.Post("/auth/login", """{"email": "bob@example.org", "password": "wrong horse"}""");
        await gateway.Http.Post("/auth/register", """{"email": "eve@example.org", "username": "Eve", "password": "battery staple"}""");

        Assert.Equal(
            [
                ("Login", AuditActor.User, "ada@example.org", 200), ("Login", AuditActor.Nobody, "ada@example.org", 401),
                ("Login", AuditActor.Nobody, "bob@example.org", 401), ("Register", AuditActor.User, "eve@example.org", 201),
            ],
            gateway.Grains.Audit.Select(entry => (entry.Action, entry.Actor, entry.Name, entry.Status)));
        Assert.Equal("user", gateway.Grains.Audit.Last().ThingType);
    }

    [Theory]
    [InlineData("correct horse battery")]
    [InlineData("p@ssw0rd")]
    [InlineData("tr0ub4dor&3@home!.org")]
    [InlineData("a@.org")]
    public async Task What_has_not_the_form_of_an_email_may_be_a_password_and_is_not_noted(string typed)
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.Http.Post("/auth/login", $$"""{"email": "{{typed}}", "password": "ada@example.org"}""");

        var entry = Assert.Single(gateway.Grains.Audit);
        Assert.Equal("", entry.Name);
        Assert.DoesNotContain(typed, entry.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ada@", entry.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_secret_and_nothing_of_a_body_that_is_wrong_is_noted()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("ada@example.org", "correct horse");
        var token = gateway.Token(Roles.Admin);
        var http = gateway.With(token);

        await gateway.Http.Post("/auth/login", """{"email": "ada@example.org", "password": "correct horse"}""");
        await gateway.Http.Post("/auth/login", """{"email": "ada@example.org", "my secret": "correct horse"}""");
        await gateway.Http.Post("/auth/login", "correct horse");
        await http.Post("/devices", """{"id": "meter-7"}""");
        await http.Post("/devices", """{"id": "correct horse"}""");
        await http.Post("/devices?key=correct%20horse", """{"id": "meter-8"}""");
        await gateway.With(token + "x").Post("/devices", """{"id": "meter-9"}""");

        Assert.Equal(7, gateway.Grains.Audit.Count);
        Assert.All(gateway.Grains.Audit, entry =>
        {
            Assert.DoesNotContain("horse", entry.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("my secret", entry.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("key-1", entry.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(token, entry.ToString(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task An_entry_belongs_to_the_tenant_of_who_did_it()
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.As(Roles.Operator, "acme").Post("/devices", """{"id": "a"}""");

        Assert.Equal("acme", Assert.Single(gateway.Grains.Audit).Tenant);
    }

    [Fact]
    public async Task A_new_route_is_noted_without_a_word_about_it_and_may_say_what_it_is_called()
    {
        await using var gateway = await GatewayHost.Start(routes: app =>
        {
            app.MapPut("/plants/{id}/cellar", () => "done").WithName("SetCellar");
            app.MapPost("/plants/{id}/pumps/{pump}", () => TypedResults.NoContent());
            app.MapPatch("/odd", () => "done").AuditedAs("DoSomethingOdd", "oddity");
            app.MapMethods("/odd", ["MKCOL"], () => "done");
        });
        var http = gateway.As(Roles.Viewer);

        await http.PutAsync("/plants/north/cellar", null);
        await http.PostAsync("/plants/north/pumps/3", null);
        await http.PatchAsync("/odd", null);
        await http.SendAsync(new HttpRequestMessage(new HttpMethod("MKCOL"), "/odd"));

        Assert.Equal(
            [
                ("SetCellar", "plant", "north", AuditResult.Ok, 200), ("/plants/{id}/pumps/{pump}", "pump", "3", AuditResult.Ok, 204),
                ("DoSomethingOdd", "", "", AuditResult.Ok, 200), ("/odd", "", "", AuditResult.Ok, 200),
            ],
            gateway.Grains.Audit.Select(Of));
    }

    [Fact]
    public async Task Addresses_where_nothing_is_are_noted_as_such()
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.Http.PostAsync("/nothing", null).IsProblem(401, "not_signed_in");
        await gateway.As(Roles.Admin).PostAsync("/nothing", null).IsProblem(404, "not_found");
        await gateway.As(Roles.Admin).PutAsync("/devices", null).IsProblem(405);

        Assert.All(gateway.Grains.Audit, entry => Assert.Equal(("NoRoute", AuditResult.Refused), (entry.Action, entry.Result)));
        Assert.Equal([401, 404, 405], gateway.Grains.Audit.Select(entry => entry.Status));
    }

    [Fact]
    public async Task A_change_that_goes_wrong_is_noted_as_failed()
    {
        await using var gateway = await GatewayHost.Start(routes: app =>
            app.MapPost("/broken", string () => throw new InvalidOperationException("a secret of ours")).WithName("Break"));

        await gateway.As(Roles.Admin).PostAsync("/broken", null).IsProblem(500);
        gateway.Grains.Outage = new FailureException(Failure.Unavailable, "The store cannot write now.");
        await gateway.As(Roles.Admin).DeleteAsync("/devices/a").IsProblem(503, "unavailable");

        Assert.Equal(
            [("Break", AuditResult.Failed, 500, ""), ("RemoveDevice", AuditResult.Failed, 503, "unavailable")],
            gateway.Grains.Audit.Select(entry => (entry.Action, entry.Result, entry.Status, entry.Failure)));
        Assert.DoesNotContain(gateway.Grains.Audit, entry => entry.ToString().Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_is_noted_before_its_answer_leaves()
    {
        await using var gateway = await GatewayHost.Start();
        var noting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gateway.Grains.AuditGate = noting.Task;

        var answer = gateway.As(Roles.Operator).Post("/devices", """{"id": "meter-7"}""");
        await Fixtures.Eventually.Is(() => gateway.Grains.AuditWaiting == 1);
        Assert.False(answer.IsCompleted);
        noting.SetResult();

        Assert.Equal(HttpStatusCode.Created, (await answer).StatusCode);
        Assert.Single(gateway.Grains.Audit);
    }

    [Fact]
    public async Task What_cannot_be_noted_is_answered_all_the_same_and_said_once()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AuditOutage = new FailureException(Failure.Unavailable, "The store cannot write now.");
        var http = gateway.As(Roles.Operator);

        Assert.Equal(HttpStatusCode.Created, (await http.Post("/devices", """{"id": "a"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await http.Post("/devices", """{"id": "b"}""")).StatusCode);
        Assert.Single(gateway.Log.Lines, line => line.StartsWith("Error The audit cannot be written", StringComparison.Ordinal));

        gateway.Grains.AuditOutage = null;
        await http.Post("/devices", """{"id": "c"}""");
        Assert.Equal("c", Assert.Single(gateway.Grains.Audit).ThingId);
        Assert.Single(gateway.Log.Lines, line => line.StartsWith("Warning The audit is written again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_flood_of_refusals_is_a_few_entries_and_one_with_their_number()
    {
        await using var gateway = await GatewayHost.Start();

        for (var i = 0; i < 25; i++)
        {
            await gateway.Http.Post("/devices", """{"id": "a"}""").IsProblem(401, "not_signed_in");
        }

        Assert.Equal(5, gateway.Grains.Audit.Count);
        gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        await Fixtures.Eventually.Is(() => gateway.Grains.Audit.Count == 6);
        var sum = gateway.Grains.Audit.Last();
        Assert.Equal((20L, "RegisterDevice", 401, "127.0.0.1"), (sum.Count, sum.Action, sum.Status, sum.Address));
        Assert.Equal(25, gateway.Grains.Audit.Sum(entry => entry.Count));
    }

    [Fact]
    public async Task Changes_are_all_noted_however_many_there_are()
    {
        await using var gateway = await GatewayHost.Start();
        var http = gateway.As(Roles.Operator);

        for (var i = 0; i < 25; i++)
        {
            await http.Post("/devices", $$"""{"id": "meter-{{i}}"}""");
        }

        Assert.Equal(25, gateway.Grains.Audit.Count);
    }

    private static (string, string, string, AuditResult, int) Of(AuditEntry entry) =>
        (entry.Action, entry.ThingType, entry.ThingId, entry.Result, entry.Status);
}

using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Abstractions.Tests.Identity;

public sealed class RefusalBudgetTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly AuditEntry Login = new()
    {
        At = Noon,
        Tenant = "default",
        Name = "ada@example.org",
        Address = "192.0.2.7",
        Action = "Login",
        Status = 401,
        Failure = "not_signed_in",
    };

    [Fact]
    public void The_first_ones_of_a_minute_are_noted_and_the_others_are_summed_up()
    {
        var budget = new RefusalBudget(perMinute: 3);

        Assert.Equal([true, true, true, false, false], Enumerable.Range(0, 5).Select(_ => budget.Take("a", Login)));
        Assert.Equal(Login with { At = Noon.AddMinutes(1), Count = 2 }, Assert.Single(budget.SumUp(Noon.AddMinutes(1))));
        Assert.Empty(budget.SumUp(Noon.AddMinutes(2)));
        Assert.True(budget.Take("a", Login));
    }

    [Fact]
    public void A_sum_says_only_what_is_the_same_of_all()
    {
        var budget = new RefusalBudget(perMinute: 1);
        budget.Take("a", Login);
        budget.Take("a", Login with { Name = "bob@example.org" });
        budget.Take("a", Login with { Name = "eve@example.org", Address = "192.0.2.7" });

        Assert.Equal(Login with { Count = 2, Name = "" }, Assert.Single(budget.SumUp(Noon)));
    }

    [Fact]
    public void Other_callers_actions_statuses_and_tenants_have_their_own()
    {
        var budget = new RefusalBudget(perMinute: 1);

        Assert.True(budget.Take("a", Login));
        Assert.True(budget.Take("b", Login));
        Assert.True(budget.Take("a", Login with { Status = 429 }));
        Assert.True(budget.Take("a", Login with { Action = "Register" }));
        Assert.True(budget.Take("a", Login with { Tenant = "acme" }));
        Assert.False(budget.Take("a", Login));
    }

    [Fact]
    public void A_flood_at_made_up_tenants_is_bounded_too_and_no_tenant_is_told_of_anothers()
    {
        var budget = new RefusalBudget(perMinute: 2, maxCounted: 10);

        var noted = Enumerable.Range(0, 10_000).Count(i => budget.Take("a", Login with { Tenant = $"t{i}" }));
        var sums = budget.SumUp(Noon);

        Assert.Equal(20 + 2, noted); // as many again have a crowd of their own, each of one
        Assert.Equal(("default", 10_000 - noted), (Assert.Single(sums).Tenant, (int)Assert.Single(sums).Count));
    }

    [Fact]
    public void A_flood_from_everywhere_is_bounded_and_none_of_it_goes_uncounted()
    {
        var budget = new RefusalBudget(perMinute: 2, maxCounted: 10);

        var noted = Enumerable.Range(0, 10_000).Count(i => budget.Take($"{i}", Login with { Address = $"{i}" }));
        var sum = Assert.Single(budget.SumUp(Noon));

        Assert.Equal(10 + 2, noted);
        Assert.Equal((10_000 - noted, ""), (sum.Count, sum.Address));
    }
}

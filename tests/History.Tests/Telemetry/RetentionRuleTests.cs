namespace OrleansIoT.History.Tests.Telemetry;

public sealed class RetentionRuleTests
{
    private static readonly RetentionRule All = new() { MaxBytes = 1 };
    private static readonly RetentionRule Chat = new() { Prefix = "chat", MaxBytes = 1 };
    private static readonly RetentionRule ChatOfAcme = new() { Prefix = "chat", Tenant = "acme", MaxBytes = 1 };
    private static readonly RetentionRule Acme = new() { Tenant = "acme", MaxBytes = 1 };
    private static readonly RetentionRule Room = new() { Prefix = "chat/room", MaxBytes = 1 };

    [Fact]
    public void The_longest_prefix_wins_and_of_two_equal_ones_that_of_the_tenant()
    {
        var retention = new Retention([All, Chat, ChatOfAcme, Acme, Room]);

        Assert.Same(All, retention.RuleOf("default/news"));
        Assert.Same(Acme, retention.RuleOf("acme/news"));
        Assert.Same(Chat, retention.RuleOf("default/chat"));
        Assert.Same(ChatOfAcme, retention.RuleOf("acme/chat/a"));
        Assert.Same(Room, retention.RuleOf("acme/chat/room/1"));
    }

    [Fact]
    public void A_prefix_ends_where_a_level_does()
    {
        var retention = new Retention([Chat]);

        Assert.Null(retention.RuleOf("default/chats"));
        Assert.Null(retention.RuleOf("default/my/chat"));
        Assert.Null(retention.RuleOf("chat/default"));
        Assert.Same(Chat, retention.RuleOf("default/chat//"));
    }

    [Fact]
    public void Without_a_rule_readings_are_kept_for_ever() => Assert.Null(new Retention([]).RuleOf("default/t"));

    public static TheoryData<RetentionRule, string> Senseless => new()
    {
        { new(), "needs MaxAge or MaxBytes" },
        { new() { MaxAge = TimeSpan.Zero }, "not more than zero" },
        { new() { MaxAge = TimeSpan.FromDays(-1) }, "not more than zero" },
        { new() { MaxBytes = 0 }, "not at least 1" },
        { new() { Tenant = "", MaxBytes = 1 }, "no tenant" },
        { new() { Tenant = "a/b", MaxBytes = 1 }, "no tenant" },
        { new() { Prefix = "chat/", MaxBytes = 1 }, "'chat' is for that topic and everything below it" },
        { new() { Prefix = "chat/#", MaxBytes = 1 }, "no wildcards" },
    };

    [Theory]
    [MemberData(nameof(Senseless))]
    public void A_senseless_rule_is_refused_by_its_index(RetentionRule rule, string says)
    {
        var complaint = Retention.Complaint([Chat, rule]);

        Assert.StartsWith("History:Retention:1 ", complaint, StringComparison.Ordinal);
        Assert.Contains(says, complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_rules_for_the_same_topics_are_refused()
    {
        Assert.Null(Retention.Complaint([All, Chat, ChatOfAcme, Acme, Room]));
        Assert.Equal(
            "History:Retention:1 is the second rule for Prefix 'chat' and every tenant.",
            Retention.Complaint([Chat, new RetentionRule { Prefix = "chat", MaxAge = TimeSpan.FromDays(1) }]));
    }
}

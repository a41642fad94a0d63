namespace OrleansIoT.Conformance;

/// <summary>A version of the specification, with the name of the trait that its tests carry and the list of what it demands.</summary>
public sealed record Specification(string Version, string Trait, string List)
{
    public static readonly Specification V311 = new("3.1.1", "mqtt-3.1.1", "tests/Conformance/statements-3.1.1.tsv");
    public static readonly Specification V500 = new("5.0", "mqtt", "tests/Conformance/statements-5.0.tsv");

    /// <summary>Every normative statement, in the specification's order.</summary>
    public IReadOnlyList<Statement> Statements(string root) =>
        [.. File.ReadLines(Path.Combine(root, List)).Skip(1).Select(Statement.Parse)];
}

/// <summary>Whom a statement binds. One for both may be about what a client sends and a server has to refuse otherwise.</summary>
public enum Role
{
    Server,
    Client,
    Both,
}

/// <summary>A normative statement in our own words.</summary>
/// <param name="Id">As the specification has it, without brackets.</param>
/// <param name="Moot">Why its condition never comes about at this server, which is then no test's business.</param>
public sealed record Statement(string Id, Role Role, string Sentence, string? Moot)
{
    internal static Statement Parse(string line)
    {
        var fields = line.Split('\t');
        return new Statement(fields[0], Enum.Parse<Role>(fields[1], ignoreCase: true), fields[2], fields.ElementAtOrDefault(3));
    }
}

namespace OrleansIoT.Benchmarks.Trust.Schemes;

/// <summary>What goes from hop to hop for a caller, as a header.</summary>
/// <param name="Header">Its name.</param>
/// <param name="Value">Null: nothing goes on.</param>
/// <param name="Content">What it stands for, once it is known.</param>
internal readonly record struct Credential(string Header, string? Value, object? Content = null);

/// <summary>How a hop comes to know who calls.</summary>
internal abstract class Scheme(string name, bool isMutualTls = false)
{
    protected const string Bearer = "Bearer ";

    private readonly Uri[] _addresses =
        [.. Enumerable.Range(0, BenchmarkOptions.MostHops + 1).Select(left => new Uri($"http://hop/{PathOf(name)}/{left}"))];

    public string Path { get; } = PathOf(name);

    /// <summary>Whether hops reach each other over mutual TLS.</summary>
    public bool IsMutualTls => isMutualTls;

    public static string PathOf(string name) => name.Replace(' ', '-').Replace('+', '-');

    /// <summary>Where the next hop finds it, when so many are left behind that one.</summary>
    public Uri AddressOf(int left) => _addresses[left];

    /// <returns>Null: refused.</returns>
    public abstract ValueTask<Credential?> Receive(IHeaderDictionary headers);

    /// <summary>What the next hop gets.</summary>
    public virtual ValueTask<Credential> ForNext(Credential received) => new(received);

    /// <returns>The one token of the request, or null.</returns>
    protected static string? TokenOf(IHeaderDictionary headers) =>
        headers.Authorization is [{ } header] && header.StartsWith(Bearer, StringComparison.Ordinal) ? header[Bearer.Length..] : null;
}

using OrleansIoT.Benchmarks.Trust.Clients;
using OrleansIoT.Benchmarks.Trust.Hops;
using OrleansIoT.Benchmarks.Trust.Processes;
using OrleansIoT.Benchmarks.Trust.Tokens;

namespace OrleansIoT.Benchmarks.Trust.Tables;

/// <summary>The processes of one run: the gateway, the hops behind it, and the security token service, which every scheme shares.</summary>
internal sealed class Chain : IDisposable
{
    private readonly List<Child> _children = [];

    private Chain(string folder) => Folder = folder;

    /// <summary>Of the run's secrets.</summary>
    public string Folder { get; }

    public Ports Gateway { get; private set; } = null!;

    /// <summary>The hop behind the gateway.</summary>
    public Ports First { get; private set; } = null!;

    public int Sts { get; private set; }

    public TestTokens Tokens { get; private set; } = null!;

    public static async Task<Chain> Start(string folder, int hops)
    {
        RunKeys.Make(folder);
        var chain = new Chain(folder);
        try
        {
            chain.Sts = (await chain.Add(SecurityTokenService.Role, new SecurityTokenService.Settings(folder))).Plain;
            for (var i = 0; i < hops; i++)
            {
                chain.First = await chain.Add(Hop.Role, new Hop.Settings(folder, IsGateway: false, chain.Sts, chain.First));
            }

            chain.Gateway = await chain.Add(Hop.Role, new Hop.Settings(folder, IsGateway: true, chain.Sts, chain.First));
            chain.Tokens = new TestTokens(RunKeys.Signing(folder), await ProductClient.SignIn(chain.Gateway.Product));
            return chain;
        }
        catch
        {
            chain.Dispose();
            throw;
        }
    }

    /// <summary>What all of them have done.</summary>
    public async Task<Counts> Count()
    {
        var sum = default(Counts);
        foreach (var child in _children)
        {
            sum += await child.Count();
        }

        return sum;
    }

    public void Dispose() => _children.ForEach(child => child.Dispose());

    private async Task<Ports> Add(string role, object settings)
    {
        var child = await Child.Start(role, settings);
        _children.Add(child);
        return child.Ports;
    }
}

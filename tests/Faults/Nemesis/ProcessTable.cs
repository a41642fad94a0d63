using System.Globalization;

namespace OrleansIoT.Faults.Nemesis;

/// <summary>
/// The processes of the system, each in <c>NAME.pid</c> of a directory, where whoever supervises them writes it at each start.
/// What is in <c>NAME.environment</c>, a variable a line, is in the environment of its next start and of no other.
/// </summary>
public sealed class ProcessTable(string directory)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Those that are there now, by their role: what is before the dash. Those with a network of their own are there once more.</summary>
    public ILookup<string, string> Names { get; } = Directory.EnumerateFiles(directory, "*.pid")
        .Select(file => Path.GetFileNameWithoutExtension(file))
        .Select(name => (Role: name.Split('-')[0], Name: name))
        .Concat(Directory.EnumerateFiles(directory, "*.network").Select(file => (Role: FaultPlan.Network, Name: Path.GetFileNameWithoutExtension(file))))
        .ToLookup(process => process.Role, process => process.Name);

    /// <summary>Of one in <see cref="Names"/> of <see cref="FaultPlan.Network"/>.</summary>
    internal NetworkOfProcess NetworkOf(string name) => File.ReadAllText(Path.Combine(directory, $"{name}.network")).Trim().Split(' ') is
        [var space, var address] ? new NetworkOfProcess(space, address) : throw new InvalidDataException($"{name}.network is no namespace and address.");

    public int? PidOf(string name)
    {
        try
        {
            return int.Parse(File.ReadAllText(Path.Combine(directory, $"{name}.pid")), CultureInfo.InvariantCulture) is var pid
                && Directory.Exists($"/proc/{pid}") ? pid : null;
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return null; // it is between two lives
        }
    }

    /// <summary>Those that it has started, as PostgreSQL does.</summary>
    public static IReadOnlyList<int> ChildrenOf(int pid)
    {
        var children = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var child) && ParentOf(child) == pid)
            {
                children.Add(child);
            }
        }

        return children;
    }

    /// <summary>Sends it to the process and to all that it has started.</summary>
    public void SignalAll(string name, Signal signal)
    {
        if (PidOf(name) is { } pid)
        {
            foreach (var process in ChildrenOf(pid).Append(pid))
            {
                Signals.Send(process, signal);
            }
        }
    }

    public void Send(string name, Signal signal)
    {
        if (PidOf(name) is { } pid)
        {
            Signals.Send(pid, signal);
        }
    }

    /// <summary>For its next start only.</summary>
    public void SetEnvironment(string name, string variable) =>
        File.WriteAllText(Path.Combine(directory, $"{name}.environment"), variable + "\n");

    /// <summary>Complete when it is there as another process than this one.</summary>
    /// <exception cref="TimeoutException">It never is.</exception>
    public async Task<int> StartsAgain(string name, int? before, CancellationToken cancellation)
    {
        var start = Environment.TickCount64;
        while (Environment.TickCount64 - start < Patience.TotalMilliseconds)
        {
            if (PidOf(name) is { } pid && pid != before)
            {
                return pid;
            }

            await Task.Delay(50, cancellation);
        }

        throw new TimeoutException($"{name} is not started again.");
    }

    private static int? ParentOf(int pid)
    {
        try
        {
            // Behind the name, which is in parentheses and may have any character: state, parent.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}

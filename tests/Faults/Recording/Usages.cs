using System.Globalization;
using OrleansIoT.Faults.Nemesis;

namespace OrleansIoT.Faults.Recording;

/// <summary>What processes take now.</summary>
internal static class Usages
{
    public const string Memory = "memory";
    public const string Files = "open files";

    public static Dictionary<(string Process, string What), long> Of(ProcessTable processes)
    {
        var usages = new Dictionary<(string, string), long>();
        foreach (var name in processes.Names.Where(names => names.Key != FaultPlan.Postgres).SelectMany(names => names))
        {
            if (processes.PidOf(name) is { } pid)
            {
                try
                {
                    usages[(name, Files)] = Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").LongCount();
                    usages[(name, Memory)] = ResidentBytes(pid);
                }
                catch (IOException)
                {
                    // it ends just now
                }
            }
        }

        return usages;
    }

    private static long ResidentBytes(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}

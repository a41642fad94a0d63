using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace OrleansIoT.Fixtures;

/// <summary>
/// A PostgreSQL server of its own, on the disk of the test output and a port of 127.0.0.1, that syncs as one in production
/// does. PostgreSQL refuses to run as root, so root hands it to the user <c>postgres</c> of Debian's package. It ends with
/// this process, however that ends.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Lazy<PostgresServer> OfThisRun = new(() => new PostgresServer());

    private static int _databases;

    private readonly string _data;
    private readonly Process _keeper;
    private Process? _server;
    private bool _isDisposed;

    /// <param name="directory">Where it keeps its files; null for below the test output.</param>
    public PostgresServer(string? directory = null)
    {
        var home = Path.Combine(directory ?? Path.Combine(AppContext.BaseDirectory, "postgres"), Guid.NewGuid().ToString("N")[..8]);
        Directory.CreateDirectory(home);
        _data = Path.Combine(home, "data");
        LogFile = Path.Combine(home, "log");
        File.WriteAllText(LogFile, "");
        if (IsRoot)
        {
            Execute("chown", "-R", "postgres:postgres", home);
        }

        Execute([.. AsPostgres, Program("initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", _data]);
        _keeper = StartKeeper(home);
        Port = LocalPort.Free();
        Start();
    }

    /// <summary>One that every test class of the run shares; each takes databases of its own.</summary>
    public static PostgresServer Shared => OfThisRun.Value;

    /// <summary>Whether the server's programs are installed.</summary>
    public static bool IsInstalled => Binaries is not null;

    public int Port { get; }

    public string LogFile { get; }

    public int Pid => int.Parse(File.ReadLines(Path.Combine(_data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>The name of a database that was not there before.</summary>
    public string CreateDatabase()
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        Sql($"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        return name;
    }

    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database}";

    /// <summary>Runs a statement as the superuser, on a connection of its own.</summary>
    public void Sql(string statement, string database = "postgres")
    {
        using var connection = Connect(database);
        using var command = new NpgsqlCommand(statement, connection);
        command.ExecuteNonQuery();
    }

    /// <returns>The first column of the first row, as text.</returns>
    public string? Ask(string query, string database = "postgres")
    {
        using var connection = Connect(database);
        using var command = new NpgsqlCommand(query, connection);
        return command.ExecuteScalar()?.ToString();
    }

    /// <summary>From now on nobody gets in by name alone; there are no passwords, so nobody gets in.</summary>
    public void DemandPasswords()
    {
        File.WriteAllText(Path.Combine(_data, "pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n");
        Execute("kill", ["-HUP", $"{Pid}"]);
        Thread.Sleep(500); // it tells nobody when it has read that
    }

    /// <summary>Returns when it takes connections.</summary>
    /// <param name="settings">More of them, as <c>fsync=off</c>.</param>
    public void Start(params string[] settings)
    {
        string[] command =
        [
            .. AsPostgres, Program("postgres"), "-D", _data, "-p", $"{Port}", "-k", "", "-c", "listen_addresses=127.0.0.1",
            "-c", "max_connections=200", "-c", "fsync=on", "-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB",
            .. settings.SelectMany(setting => new[] { "-c", setting }),
        ];
        _server = Process.Start("sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", LogFile, .. command]);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                Ask("SELECT 1");
                return;
            }
            catch (NpgsqlException) when (Stopwatch.GetElapsedTime(started) < Patience && !_server.HasExited)
            {
                Thread.Sleep(20); // it tells nobody when it is ready
            }
        }
    }

    /// <summary>Every connection is ended, and what is committed is on disk.</summary>
    public void Stop() => Signal("-INT");

    /// <summary>As <c>pg_ctl stop -m immediate</c>: without a checkpoint, so that the next start recovers.</summary>
    public void StopImmediately() => Signal("-QUIT");

    /// <summary>Kills the postmaster and everything that it started, as the kernel does when memory runs out.</summary>
    public void Kill()
    {
        var pid = Pid;
        var backends = Output("pgrep", "-P", $"{pid}").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Execute("kill", ["-KILL", $"{pid}"]);
        foreach (var backend in backends)
        {
            Output("kill", "-KILL", backend);
        }

        WaitForEnd();
        File.Delete(Path.Combine(_data, "postmaster.pid"));
    }

    /// <summary>Stops its processes without ending them, or lets them go on.</summary>
    public void Freeze(bool isFrozen)
    {
        var pid = Pid;
        foreach (var process in Output("pgrep", "-P", $"{pid}").Split('\n', StringSplitOptions.RemoveEmptyEntries).Append($"{pid}"))
        {
            Output("kill", isFrozen ? "-STOP" : "-CONT", process);
        }
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _keeper.StandardInput.Close();
        _keeper.WaitForExit(Patience);
        _keeper.Dispose();
        _server?.Dispose();
    }

    private static string? Binaries { get; } = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin"))
            .Where(bin => File.Exists(Path.Combine(bin, "initdb")))
            .OrderBy(bin => int.Parse(Path.GetFileName(Path.GetDirectoryName(bin))!, CultureInfo.InvariantCulture)).LastOrDefault()
        : null;

    private static bool IsRoot => Environment.UserName == "root";

    private static string[] AsPostgres =>
        IsRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];

    private static string Program(string name) => Path.Combine(
        Binaries ?? throw new InvalidOperationException("PostgreSQL is not installed: apt-get install postgresql"), name);

    private void Signal(string signal)
    {
        Execute("kill", [signal, $"{Pid}"]);
        WaitForEnd();
    }

    private void WaitForEnd()
    {
        if (!_server!.WaitForExit(Patience))
        {
            throw new TimeoutException("PostgreSQL does not end.");
        }

        _server.Dispose();
        _server = null;
    }

    /// <summary>A shell that reads until this process has ended, however it does, and then ends the server and removes its files.</summary>
    private static Process StartKeeper(string home)
    {
        const string script =
            """
            read end
            if pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null); then
              kill -CONT $pid; kill -QUIT $pid
              while kill -0 $pid 2>/dev/null; do sleep 0.05; done
            fi
            rm -rf "$1"
            """;
        var start = new ProcessStartInfo("sh", ["-c", script, "sh", home])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    private NpgsqlConnection Connect(string database)
    {
        var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=false");
        connection.Open();
        return connection;
    }

    private static void Execute(params string[] command) => Execute(command[0], command[1..]);

    private static void Execute(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {output.Result}{error}");
        }
    }

    private static string Output(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}

using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansIoT.EmbeddedSilo.Generator;

/// <summary>Reads grain interfaces and says what is wrong with them.</summary>
internal static class GrainInterfaceReader
{
    private const string CancellationToken = "System.Threading.CancellationToken";

    /// <returns>Null when the declaration is of no grain interface, or another declaration of the same one stands for it.</returns>
    public static GeneratedReference? Read(
        InterfaceDeclarationSyntax declaration, SemanticModel model, CancellationToken cancellation)
    {
        if (model.GetDeclaredSymbol(declaration, cancellation) is not INamedTypeSymbol type || !IsGrainInterface(type))
        {
            return null;
        }

        var first = type.DeclaringSyntaxReferences
            .Select(reference => reference.GetSyntax(cancellation))
            .OfType<InterfaceDeclarationSyntax>()
            .First(part => part.BaseList is not null);
        if (first != declaration)
        {
            return null;
        }

        var members = type.AllInterfaces.Insert(0, type)
            .Where(candidate => !IsOfTheEngine(candidate))
            .SelectMany(candidate => candidate.GetMembers())
            .Where(member => member is not (IMethodSymbol { AssociatedSymbol: not null } or INamedTypeSymbol or { IsStatic: true, IsAbstract: false }))
            .ToList();
        var problems = ProblemsOf(type)
            .Concat(members.SelectMany(member => ProblemsOf(member, type)))
            .ToImmutableArray();
        var writer = new SourceWriter(type, [.. members.OfType<IMethodSymbol>()]);
        return new GeneratedReference(
            writer.ReferenceName, problems.IsEmpty ? writer.Write() : null, writer.Registration, problems);
    }

    public static bool IsCancellationToken(IParameterSymbol parameter) =>
        parameter.Type.ToDisplayString() == CancellationToken;

    private static bool IsGrainInterface(INamedTypeSymbol type) =>
        !IsOfTheEngine(type) && type.AllInterfaces.Any(
            candidate => candidate.ToDisplayString() is "Orleans.IGrain" or "Orleans.IGrainObserver");

    private static bool IsOfTheEngine(INamedTypeSymbol type) => type.ToDisplayString()
        is "Orleans.IGrain" or "Orleans.IGrainWithStringKey" or "Orleans.IGrainObserver" or "Orleans.Runtime.IAddressable";

    private static IEnumerable<Problem> ProblemsOf(INamedTypeSymbol type)
    {
        for (var outer = type; outer is not null; outer = outer.ContainingType)
        {
            if (outer.IsGenericType)
            {
                yield return new Problem(Problem.GenericInterface, type, type);
                yield break;
            }

            if (outer.IsFileLocal
                || outer.DeclaredAccessibility is not (Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal))
            {
                yield return new Problem(Problem.Inaccessible, type, type);
                yield break;
            }
        }
    }

    private static IEnumerable<Problem> ProblemsOf(ISymbol member, INamedTypeSymbol type)
    {
        // What is inherited from another assembly has no place in this one to point at.
        var place = member.Locations.Any(location => location.IsInSource) ? member : type;
        if (member is not IMethodSymbol { MethodKind: MethodKind.Ordinary, IsStatic: false } method)
        {
            yield return new Problem(Problem.NotAMethod, member, place);
            yield break;
        }

        if (method.IsGenericMethod)
        {
            yield return new Problem(Problem.GenericMethod, method, place);
        }

        if (!SourceWriter.IsTaskLike(method.ReturnType))
        {
            yield return new Problem(Problem.ReturnType, method, place, method.ReturnType.ToDisplayString());
        }

        foreach (var parameter in method.Parameters)
        {
            if (parameter.RefKind != RefKind.None || parameter.Type.IsRefLikeType || parameter.Type is IPointerTypeSymbol)
            {
                yield return new Problem(Problem.ByReference, method, place, parameter.Name);
            }
        }

        if (method.Parameters.Count(IsCancellationToken) > 1)
        {
            yield return new Problem(Problem.SeveralTokens, method, place);
        }
    }
}

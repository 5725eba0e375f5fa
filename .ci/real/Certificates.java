import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.interfaces.*;
import java.security.spec.*;
import java.util.*;
import java.util.stream.*;
import javax.crypto.Cipher;

/**
 * Java judges keys, certificates and chains: it reads them, encrypts with the certificate and decrypts with the key as
 * the products do, verifies signatures, and validates every chain that was taken from an authority's answer against
 * its root. Each certificate and its key go through a key store of both kinds.
 *
 * <p>usage: Certificates.java FOLDER (as .ci/real/certificates leaves it)
 */
public class Certificates {
    static final CertificateFactory X509;
    static { try { X509 = CertificateFactory.getInstance("X.509"); } catch (CertificateException e) { throw new Error(e); } }
    static int wrong = 0;

    public static void main(String[] a) throws Exception {
        Path folder = Path.of(a[0]);
        int own = 0, chains = 0;
        for (String bits : List.of("2048", "3072", "4096")) {
            X509Certificate c = read(folder.resolve(bits + ".crt")).get(0);
            PrivateKey key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve(bits + ".p8"))));
            c.verify(c.getPublicKey());
            uses(bits, c, key);
            stores(bits, key, List.of(c));
            expect(bits + " length", Integer.parseInt(bits), ((RSAPublicKey) c.getPublicKey()).getModulus().bitLength());
            expect(bits + " version", 3, c.getVersion());
            expect(bits + " authority", -1, c.getBasicConstraints());
            expect(bits + " usage", "[true, false, true, true, false, false, false, false, false]", Arrays.toString(c.getKeyUsage()));
            expect(bits + " names", Set.of("*.gw.example.com", "10.0.0.7", "2001:db8:0:0:0:0:0:7", "gw.example.com"),
                c.getSubjectAlternativeNames().stream().map(n -> n.get(1)).collect(Collectors.toSet()));
            expect(bits + " days", 825L * 86400 - 1, (c.getNotAfter().getTime() - c.getNotBefore().getTime()) / 1000);
            expect(bits + " critical", Set.of("2.5.29.15", "2.5.29.19"), c.getCriticalExtensionOIDs());
            if (!bits.equals("4096")) valid(bits, List.of(c), c);
            own++;
        }
        PrivateKey key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve("2048.p8"))));
        List<Path> taken;
        try (Stream<Path> all = Files.list(folder.resolve("answers"))) { taken = all.filter(p -> p.toString().endsWith(".chain")).sorted().toList(); }
        for (Path p : taken) {
            List<X509Certificate> chain = read(p);
            uses(p.toString(), chain.get(0), key);
            valid(p.toString(), chain.subList(0, chain.size() - 1), chain.get(chain.size() - 1));
            stores(p.toString(), key, chain);
            chains++;
        }
        System.out.printf("Java's certificates: %d own, %d chains, %d wrong%n", own, chains, wrong);
        System.exit(wrong == 0 && own == 3 && chains > 6 ? 0 : 1);
    }

    static List<X509Certificate> read(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) { return X509.generateCertificates(in).stream().map(X509Certificate.class::cast).toList(); }
    }

    /** Encrypts with the certificate, whose key usage Java checks, and signs with the key for the certificate. */
    static void uses(String what, X509Certificate c, PrivateKey key) throws Exception {
        for (String how : List.of("RSA", "RSA/ECB/OAEPwithSHA1andMGF1Padding")) {
            Cipher cipher = Cipher.getInstance(how);
            cipher.init(Cipher.ENCRYPT_MODE, c);
            byte[] sealed = cipher.doFinal("wso2carbon".getBytes());
            cipher.init(Cipher.DECRYPT_MODE, key);
            expect(what + " " + how, "wso2carbon", new String(cipher.doFinal(sealed)));
        }
        Signature s = Signature.getInstance("SHA256withRSA");
        s.initSign(key);
        s.update(new byte[9]);
        byte[] signed = s.sign();
        s.initVerify(c);
        s.update(new byte[9]);
        expect(what + " signature", true, s.verify(signed));
    }

    static void valid(String what, List<X509Certificate> path, X509Certificate root) throws Exception {
        PKIXParameters p = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        p.setRevocationEnabled(false);
        try { CertPathValidator.getInstance("PKIX").validate(X509.generateCertPath(path), p); }
        catch (CertPathValidatorException e) { expect(what + " path", "valid", e.toString()); }
    }

    /** A key store takes the chain only if each certificate follows from the next. */
    static void stores(String what, PrivateKey key, List<X509Certificate> chain) throws Exception {
        char[] password = "wso2carbon".toCharArray();
        for (String type : List.of("JKS", "PKCS12")) {
            KeyStore store = KeyStore.getInstance(type), again = KeyStore.getInstance(type);
            store.load(null, password);
            store.setKeyEntry("k", key, password, chain.toArray(X509Certificate[]::new));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            store.store(out, password);
            again.load(new ByteArrayInputStream(out.toByteArray()), password);
            expect(what + " " + type, key, again.getKey("k", password));
            expect(what + " " + type, chain, List.of(again.getCertificateChain("k")));
        }
    }

    static void expect(String what, Object wanted, Object found) {
        if (wanted.equals(found)) return;
        System.out.println(what + ": " + found + " instead of " + wanted);
        wrong++;
    }
}

//! The address on which a server answers HTTPS, by its configuration as it stands. Where that
//! cannot be told it says why; it never falls back on a usual port.
//!
//! Sources: carbon-kernel v4.4.40, `CarbonTomcat` (the offset, `-Dtomcat.https.port`) and
//! `carbon.xml`; carbon-kernel v4.9.33, `carbon.xml.j2` and `catalina-server.xml.j2`.

use super::scene::Scene;
use crate::change::Model;

/// Host and port of the HTTPS listener.
///
/// # Errors
/// A clause.
pub fn https(scene: &Scene) -> Result<(String, u16), String> {
    if let Some(text) = flag(scene, "-Dtomcat.https.port") {
        return Ok((LOOPBACK.into(), number(&text, "-Dtomcat.https.port")?));
    }
    let (port, address) = listener(scene)?;
    let port = number(&port, "the HTTPS listener's port")?;
    let offset = offset(scene)?;
    let port = port.checked_add(offset).ok_or_else(|| format!("port {port} plus {offset}"))?;
    let host = address.filter(|host| !matches!(host.as_str(), "" | "0.0.0.0" | "::"));
    let host = match host {
        Some(host) if host.contains(':') => format!("[{host}]"),
        Some(host) => host,
        None => LOOPBACK.into(),
    };
    Ok((host, port))
}

const LOOPBACK: &str = "127.0.0.1";

/// The port before the offset, and the address if there is one.
fn listener(scene: &Scene) -> Result<(String, Option<String>), String> {
    const CATALINA: &str = "{conf}/tomcat/catalina-server.xml";
    match scene.home.model {
        Model::Xml => {
            let at = "Server/Service/Connector[@SSLEnabled='true']";
            let port = scene.xml_attribute(CATALINA, at, "port").ok_or_else(|| {
                format!(
                    "{} has no readable HTTPS connector",
                    CATALINA.replace("{conf}", &scene.instance.conf)
                )
            })?;
            Ok((resolved(scene, port)?, scene.xml_attribute(CATALINA, at, "address")))
        }
        Model::Toml if scene.instance.product == "MI" => {
            let port = scene.setting("transport.https.listener.parameter.port");
            let port = port.or_else(|| scene.setting("transport.http.listener.secured_port"));
            // axis2.xml of the Micro Integrator has this port where nothing says otherwise.
            Ok((port.unwrap_or_else(|| "8243".into()), None))
        }
        Model::Toml => {
            scene.toml_file().map_err(|silence| silence.sentence()).and_then(|file| {
                scene.view.toml(&file).map(|_| ()).map_err(|silence| silence.sentence())
            })?;
            let port = scene.setting("transport.https.properties.port");
            let address = scene.setting("transport.https.properties.address");
            let port = port.ok_or(
                "neither deployment.toml nor default.json has transport.https.properties.port",
            )?;
            Ok((port, address))
        }
    }
}

fn offset(scene: &Scene) -> Result<u16, String> {
    if let Some(text) = flag(scene, "-DportOffset") {
        return number(&text, "-DportOffset");
    }
    let text = match scene.home.model {
        Model::Toml => {
            let usual = if scene.instance.product == "MI" { "10" } else { "0" };
            scene.setting("server.offset").unwrap_or_else(|| usual.into())
        }
        Model::Xml => match scene.xml_text("{conf}/carbon.xml", "Server/Ports/Offset") {
            Some(text) => resolved(scene, text)?,
            None => "0".into(),
        },
    };
    number(&text, "the offset")
}

/// A value of carbon.xml's own kind, `${Ports.Offset}`, followed once.
fn resolved(scene: &Scene, text: String) -> Result<String, String> {
    let Some(name) = text.trim().strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
        return Ok(text);
    };
    let path = format!("Server/{}", name.replace('.', "/"));
    scene
        .xml_text("{conf}/carbon.xml", &path)
        .filter(|found| !found.contains("${"))
        .ok_or_else(|| format!("{text} cannot be followed"))
}

/// What a shell launcher of the instance passes to the JVM.
fn flag(scene: &Scene, name: &str) -> Option<String> {
    let shells = scene
        .instance
        .launchers
        .iter()
        .filter(|launcher| launcher.kind == crate::format::script::Kind::Shell);
    shells.into_iter().find_map(|launcher| {
        let script = scene.view.launcher(&launcher.file, launcher.kind).ok()?;
        script.effective(name)?.value.filter(|value| !value.contains('$'))
    })
}

fn number(text: &str, what: &str) -> Result<u16, String> {
    text.trim().parse().map_err(|_| format!("{what} is \"{}\", no port", text.trim()))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test changes its own copy of a home")]
mod tests {
    use super::*;
    use crate::home::{View, discover};
    use std::path::Path;

    /// The address of a sample home in which some text was replaced in one file.
    fn told(name: &str, edit: Option<(&str, &str, &str)>) -> Result<(String, u16), String> {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/homes").join(name);
        let dir = tempfile::tempdir().unwrap();
        copy(&from, dir.path());
        if let Some((file, old, new)) = edit {
            let path = dir.path().join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains(old), "{file} has no {old}");
            std::fs::write(&path, text.replacen(old, new, 1)).unwrap();
        }
        let home = discover::discover(dir.path()).unwrap();
        let view = View::of(&home.root);
        https(&Scene { home: &home, instance: &home.instances[0], view: &view })
    }

    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                copy(&path, &target);
            } else {
                std::fs::copy(&path, &target).unwrap();
            }
        }
    }

    fn here(port: u16) -> Result<(String, u16), String> {
        Ok(("127.0.0.1".into(), port))
    }

    const CARBON: &str = "repository/conf/carbon.xml";
    const CATALINA: &str = "repository/conf/tomcat/catalina-server.xml";

    #[test]
    fn the_connector_and_the_offset_of_a_hand_edited_home_count() {
        let xml = "carbon-4.4.40-xml";
        assert_eq!(told(xml, None), here(9443));
        assert_eq!(told(xml, Some((CARBON, "<Offset>0<", "<Offset>7<"))), here(9450));
        assert_eq!(told(xml, Some((CATALINA, "port=\"9443\"", "port=\"8443\""))), here(8443));
        let address = ("port=\"9443\"", "port=\"9443\" address=\"::1\"");
        assert_eq!(told(xml, Some((CATALINA, address.0, address.1))), Ok(("[::1]".into(), 9443)));
        let followed = told(xml, Some((CARBON, "<Offset>0<", "<Offset>${Ports.No}<")));
        assert!(followed.unwrap_err().contains("${Ports.No}"));
        assert!(told(xml, Some((CARBON, "<Offset>0<", "<Offset>65000<"))).is_err());
        assert!(told(xml, Some((CATALINA, "</Server>", ""))).is_err());
    }

    #[test]
    fn a_flag_of_the_start_script_wins() {
        let main = "    org.wso2.carbon.bootstrap.Bootstrap";
        let with = |flag: &str| {
            let new = format!("    {flag} \\\n{main}");
            told("carbon-4.4.40-xml", Some(("bin/wso2server.sh", main, &new)))
        };
        assert_eq!(with("-DportOffset=3"), here(9446));
        assert_eq!(with("-Dtomcat.https.port=443"), here(443));
    }

    #[test]
    fn deployment_toml_goes_before_the_defaults() {
        let toml = "repository/conf/deployment.toml";
        assert!(told("apim-4.2.0-toml-crlf", None).is_ok());
        let edit = ("[server]\r\n", "[server]\r\noffset = 4\r\n");
        let offset = told("apim-4.2.0-toml-crlf", Some((toml, edit.0, edit.1)));
        assert_eq!(offset.map(|(_, port)| port), Ok(9447));
        assert_eq!(told("mi-4.2.0-toml", None), here(8253));
    }
}

//! Whether a stop's ids are its own: the same after whatever text comes before it.

use super::encoder::Encoder;
use crate::error::Result;

impl Encoder {
    /// In how many of `samples`, and of how many, the ids of sample + stop are the ids of the sample, then
    /// those of the stop alone. Where they are, a server could watch for ids; elsewhere only for text.
    ///
    /// # Errors
    /// See [`super::encoder::Engine::append`].
    pub fn is_stable(&self, stop: &str, samples: &[&str]) -> Result<(usize, usize)> {
        let (mut apart, mut joint, mut text) = (Vec::new(), Vec::new(), String::new());
        let mut stable = 0;
        for sample in samples {
            text.clear();
            text.push_str(sample);
            text.push_str(stop);
            apart.clear();
            joint.clear();
            self.encode_continuation(&text, &mut joint)?;
            self.encode_continuation(sample, &mut apart)?;
            self.encode_continuation(stop, &mut apart)?;
            stable += usize::from(joint == apart);
        }
        Ok((stable, samples.len()))
    }
}
